//! By the real krew: from a custom index over HTTP, and from a local archive; then through kubectl.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use super::*;
use support::tools::tool;

use crate::PLUGIN;

/// Hands out the files of a folder on loopback, until the process ends.
fn serve(folder: PathBuf) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("listens");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let _ = hand_out(stream, &folder);
        }
    });
    format!("http://{address}")
}

fn hand_out(mut stream: TcpStream, folder: &Path) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    let first = lines.next().transpose()?.unwrap_or_default();
    lines.find(|line| line.as_ref().map_or(true, String::is_empty));
    let name = first.split(' ').nth(1).and_then(|path| path.rsplit('/').next()).unwrap_or_default().to_owned();
    match fs::read(folder.join(name)) {
        Ok(body) => {
            write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len())?;
            stream.write_all(&body)
        }
        Err(_) => write!(stream, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"),
    }
}

/// A user with kubectl, krew and nothing else of their own.
struct User {
    root: tempfile::TempDir,
    kubectl: PathBuf,
    krew: PathBuf,
}

impl User {
    fn new(test: &str) -> Option<Self> {
        let (kubectl, krew) = (tool("kubectl", test)?, tool("krew", test)?);
        let _ = tool("git", test)?;
        let root = tempfile::tempdir().expect("a folder");
        let tools = root.path().join("tools");
        fs::create_dir(&tools).expect("makes");
        std::os::unix::fs::symlink(&krew, tools.join("kubectl-krew")).expect("links");
        Some(Self { root, kubectl, krew })
    }

    fn krew_root(&self) -> PathBuf {
        self.root.path().join("krew")
    }

    fn command(&self, program: &Path) -> Command {
        let paths = [self.krew_root().join("bin"), self.root.path().join("tools"), self.kubectl.parent().expect("a folder").to_owned()];
        let paths = paths.into_iter().chain(std::env::split_paths("/usr/local/bin:/usr/bin:/bin"));
        let mut command = Command::new(program);
        command.env_clear().env("PATH", std::env::join_paths(paths).expect("paths")).env("HOME", self.root.path());
        command.env("KREW_ROOT", self.krew_root()).env("KUBECONFIG", "/nonexistent").stdin(Stdio::null());
        // Only this machine is asked: whoever tries for another gets nowhere.
        command.env("HTTPS_PROXY", "http://127.0.0.1:9").env("NO_PROXY", "127.0.0.1");
        command
    }

    fn krew(&self, arguments: &[&str]) -> Output {
        self.command(&self.krew).args(arguments).output().expect("runs")
    }

    fn done(&self, arguments: &[&str]) -> String {
        let output = self.krew(arguments);
        assert!(output.status.success(), "krew {arguments:?}: {}", told(&output));
        told(&output)
    }

    /// `kubectl calico-fix version`, as the one who has just installed it.
    fn version(&self) -> serde_json::Value {
        let output = self.command(&self.kubectl).args(["calico-fix", "version", "--client", "-o", "json"]).output().expect("runs");
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", told(&output)))
    }
}

fn told(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// The target that krew takes for this machine.
fn here() -> &'static str {
    let os = if cfg!(target_os = "macos") { "darwin" } else { "linux" };
    let arch = if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" };
    release::TARGETS.into_iter().find(|(_, system, processor)| *system == os && *processor == arch).expect("a target").0
}

/// Stand-ins for every system but this, whose archive has the plugin itself, as it was built for the tests.
fn archives() -> tempfile::TempDir {
    let folder = stand_ins();
    fs::copy(PLUGIN, folder.path().join("binaries/kubectl-calico_fix")).expect("copies");
    release::archive(VERSION, here(), &folder.path().join("binaries"), folder.path(), Compression::fast()).expect("packs");
    folder
}

#[test]
fn krew_installs_it_from_an_index_and_from_an_archive() {
    let Some(user) = User::new("installing with the real krew") else { return };
    let folder = archives();
    rendered(folder.path(), &serve(folder.path().to_owned()));
    let index = folder.path().join("index");
    for arguments in [&["init", "-q"][..], &["add", "."], &["-c", "user.name=x", "-c", "user.email=x@example.org", "commit", "-qm", "x"]] {
        assert!(user.command(Path::new("git")).args(arguments).current_dir(&index).status().expect("runs").success(), "{arguments:?}");
    }
    user.done(&["index", "add", "calico-fix", &format!("file://{}", index.display())]);
    let said = user.done(&["install", "--no-update-index", "calico-fix/calico-fix"]);
    assert!(said.contains("kubectl calico-fix can-i"), "the caveats: {said}");
    assert_eq!(user.version()["clientVersion"]["version"], concat!("v", env!("CARGO_PKG_VERSION")));
    let store = user.krew_root().join("store/calico-fix").join(VERSION);
    let installed: Vec<String> =
        fs::read_dir(&store).expect("lists").flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    assert_eq!(installed.iter().map(String::as_str).collect::<std::collections::BTreeSet<_>>(), ["LICENSE", "kubectl-calico_fix"].into());
    user.done(&["uninstall", "calico-fix"]);

    let manifest = index.join("plugins/calico-fix.yaml").display().to_string();
    let archive = folder.path().join(release::archive_name(VERSION, here())).display().to_string();
    user.done(&["install", "--manifest", &manifest, "--archive", &archive]);
    assert!(user.version()["clientVersion"]["commit"].is_string());
    // What was installed by krew completes through kubectl, by one command.
    let output = user.command(&user.kubectl).args(["calico-fix", "completion", "kubectl", "--install"]).output().expect("runs");
    assert!(told(&output).contains("bin/kubectl_complete-calico_fix written"), "{}", told(&output));
    let output = user.command(&user.kubectl).args(["__complete", "calico-fix", "explain", "bgp-s"]).output().expect("runs");
    assert!(told(&output).starts_with("bgp-session-down\t"), "{}", told(&output));
}

/// An archive that is not the one the manifest was made for.
#[test]
fn krew_refuses_another_archive() {
    let Some(user) = User::new("installing with the real krew") else { return };
    let folder = stand_ins();
    rendered(folder.path(), "https://example.org");
    let manifest = folder.path().join("index/plugins/calico-fix.yaml").display().to_string();
    let others = release::TARGETS.into_iter().find(|(target, ..)| *target != here() && target.contains("windows")).expect("another").0;
    let archive = folder.path().join(release::archive_name(VERSION, others)).display().to_string();
    let output = user.krew(&["install", "--manifest", &manifest, "--archive", &archive]);
    assert!(!output.status.success() && told(&output).contains("checksum does not match"), "{}", told(&output));
}

/// Rules 1 to 9, and 10: an install for each system, each with a licence.
#[test]
fn krews_own_validator_takes_the_manifest() {
    let Some(user) = User::new("krew's validator") else { return };
    let Some(validator) = tool("validate-krew-manifest", "krew's validator") else { return };
    let folder = stand_ins();
    rendered(folder.path(), &serve(folder.path().to_owned()));
    let manifest = folder.path().join("index/plugins/calico-fix.yaml");
    let validate = |more: &[&str]| user.command(&validator).arg("-manifest").arg(&manifest).args(more).output().expect("runs");
    let output = validate(&[]);
    assert!(output.status.success(), "{}", told(&output));
    // That it judges at all, as do the rules that are checked everywhere.
    let text = fs::read_to_string(&manifest).expect("reads");
    fs::write(&manifest, text.replace("os: windows", "os: linux")).expect("writes");
    assert!(!validate(&["-skip-install"]).status.success());
}
