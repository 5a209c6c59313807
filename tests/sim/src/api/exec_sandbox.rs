//! Runs the commands of an exec for real, in a directory made for one of them: fake `birdcl` and `ip` that print what the
//! host's tools would, a closed PATH, a time limit, no stdin. What a script can break there is its own directory.

use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::process::Command;

use crate::host::Host;
use crate::scenario::SERVICE_HOST;

/// What the container's image has besides Calico's own tools, as far as scripts need it.
const SHELL_TOOLS: &[&str] = &[
    "sh", "cat", "head", "tail", "grep", "sed", "awk", "tr", "cut", "wc", "sort", "uniq", "date", "echo", "printf", "true", "false",
    "test", "sleep", "timeout", "env", "ls", "basename", "dirname", "od", "dd", "expr", "seq", "uname", "tee", "mktemp", "rm", "base64",
    "stat", "readlink", "id",
];
const LIMIT: Duration = Duration::from_secs(60);
const LARGEST: u64 = 16 << 20;

const BIRDCL: &str = r#"#!/bin/sh
dir=${0%/*}/../say
family=bird
case "$*" in *bird6.ctl*) family=bird6 ;; esac
[ -e "$dir/$family.down" ] && { cat "$dir/$family.down" >&2; exit 1; }
case "$*" in
*"show protocols all"*) exec cat "$dir/$family.protocols-all" ;;
*"show protocols"*) exec cat "$dir/$family.protocols" ;;
*"show status"*) exec cat "$dir/$family.status" ;;
*) cat "$dir/$family.greeting"; echo "syntax error" ;;
esac
"#;

/// `ip addr`, `ip link`, `ip route` print what was laid out; `ip route get` looks its destination up in the table of answers.
const IP: &str = include_str!("ip.sh");

/// The outcome of one command.
#[derive(Clone, Debug, Default)]
pub(crate) struct Done {
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
    pub code: i32,
    /// The command could not even be started.
    pub error: Option<String>,
}

/// The machine's own tools, linked into one directory, and Calico's, written into another.
pub(crate) struct Tools {
    directory: tempfile::TempDir,
    scripts: tempfile::TempDir,
}

/// What prints what a host has in `say/`, the folder beside the one in which it is called.
const SCRIPTS: [(&str, &str); 2] = [("birdcl", BIRDCL), ("ip", IP)];

impl Tools {
    pub(crate) fn new() -> io::Result<Self> {
        let (directory, scripts) = (tempfile::tempdir()?, tempfile::tempdir()?);
        for (name, script) in SCRIPTS {
            write_script(&scripts.path().join(name), script)?;
        }
        let path = std::env::var_os("PATH").unwrap_or_default();
        let places: Vec<PathBuf> = std::env::split_paths(&path).chain(["/usr/bin".into(), "/bin".into()]).collect();
        for tool in SHELL_TOOLS {
            if let Some(found) = places.iter().map(|place| place.join(tool)).find(|path| path.is_file()) {
                symlink(found, directory.path().join(tool))?;
            }
        }
        Ok(Self { directory, scripts })
    }

    pub(crate) async fn run(&self, host: &Host, command: &[String]) -> Done {
        match self.try_run(host, command).await {
            Ok(done) => done,
            Err(error) => Done { error: Some(format!("sandbox: {error}")), ..Done::default() },
        }
    }

    async fn try_run(&self, host: &Host, command: &[String]) -> io::Result<Done> {
        let place = tempfile::tempdir()?;
        let bin = self.furnish(place.path(), host)?;
        let Some(name) = command.first().and_then(|path| Path::new(path).file_name()) else { return Ok(Done::default()) };
        let Some(program) = [bin.as_path(), self.directory.path()].iter().map(|directory| directory.join(name)).find(|path| path.exists())
        else {
            let name = &command[0];
            let error = format!(
                "error executing command in container: failed to exec in container: failed to start exec: OCI runtime exec failed: exec failed: \
                 unable to start container process: exec: {name:?}: executable file not found in $PATH"
            );
            return Ok(Done { error: Some(error), ..Done::default() });
        };
        let mut child = Command::new(program)
            .args(&command[1..])
            .env_clear()
            .env("PATH", std::env::join_paths([bin.as_path(), self.directory.path()]).map_err(io::Error::other)?)
            .env("NODENAME", &host.node)
            .env("KUBERNETES_SERVICE_HOST", SERVICE_HOST)
            .env("KUBERNETES_SERVICE_PORT", "443")
            .env("LC_ALL", "C")
            .current_dir(place.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        let (Some(out), Some(err)) = (child.stdout.take(), child.stderr.take()) else { return Err(io::Error::other("no pipes")) };
        let (mut out, mut err) = (out.take(LARGEST), err.take(LARGEST));
        let whole = async { tokio::try_join!(out.read_to_end(&mut stdout), err.read_to_end(&mut stderr)) };
        if tokio::time::timeout(LIMIT, whole).await.is_err() {
            child.start_kill()?;
        }
        // No code means killed by a signal: 128 + 9, as a shell would say.
        let code = child.wait().await?.code().unwrap_or(137);
        Ok(Done { stdout, stderr, code, error: None })
    }

    /// Lays out `say/` (what the tools print) and `bin/` (the tools this host's image has).
    fn furnish(&self, place: &Path, host: &Host) -> io::Result<PathBuf> {
        let (bin, say) = (place.join("bin"), place.join("say"));
        std::fs::create_dir(&bin)?;
        std::fs::create_dir(&say)?;
        for (name, text) in host.says() {
            std::fs::write(say.join(name), text)?;
        }
        for (name, _) in SCRIPTS.iter().filter(|(name, _)| !host.lacks.contains(name)) {
            symlink(self.scripts.path().join(name), bin.join(name))?;
        }
        Ok(bin)
    }
}

/// By a process of its own: a file that this one has open for writing is open in whatever another thread starts at that moment, and cannot
/// be run until that has begun (`Text file busy`).
fn write_script(path: &Path, script: &str) -> io::Result<()> {
    let written = std::process::Command::new("sh")
        .arg("-c")
        .arg(r#"printf %s "$2" >"$1" && chmod 755 "$1""#)
        .arg("sh")
        .arg(path)
        .arg(script)
        .status()?;
    if written.success() { Ok(()) } else { Err(io::Error::other(format!("{} was not written", path.display()))) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::{Interface, Kubelet};
    use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

    fn host(gateway: Option<Ipv4Addr>, v6: bool) -> Host {
        let interface = |index, name: &str, addresses: &[(&str, u8)]| Interface {
            index,
            name: name.into(),
            kind: None,
            flags: &[],
            addresses: addresses.iter().map(|(text, length)| (text.parse::<IpAddr>().expect("an address"), *length)).collect(),
        };
        let own: &[(&str, u8)] = if v6 { &[("10.12.33.10", 24), ("2001:db8:33::10", 64)] } else { &[("10.12.33.10", 24)] };
        Host {
            node: "node-1".into(),
            internal6: None,
            internal: Ipv4Addr::new(10, 12, 33, 10),
            kubelet: Kubelet::Answers,
            bird: None,
            bird6: None,
            interfaces: vec![
                interface(1, "lo", &[("127.0.0.1", 8), ("::1", 128)]),
                interface(2, "eth0", own),
                interface(3, "br-3a", &[("172.18.0.1", 16)]),
                interface(4, "tunl0", &[("192.168.0.64", 32)]),
            ],
            gateway,
            gateway6: v6.then_some(Ipv6Addr::new(0x2001, 0xdb8, 0x33, 0, 0, 0, 0, 0xfe)),
            translated: false,
            heartbeat: None,
            round_trip: 0.005,
            starts_nothing: false,
            flapping: None,
            lacks: Vec::new(),
        }
    }

    /// Every command of the recording, with iproute2's own output and exit code.
    #[tokio::test]
    async fn ip_answers_as_iproute2_does() {
        let gateway = Some(Ipv4Addr::new(10, 12, 33, 1));
        let hosts = [host(None, false), host(gateway, false), host(gateway, true)];
        let recorded = include_str!("../../fixtures/iproute2/routes.txt");
        let tools = Tools::new().expect("tools");
        let mut asked = 0;
        for (section, host) in recorded.split("# ").skip(1).zip(hosts) {
            let (name, commands) = section.split_once('\n').expect("a section");
            for recorded in commands.split("$ ").filter(|part| !part.is_empty()) {
                let (line, rest) = recorded.split_once('\n').expect("a command");
                let (output, code) = rest.rsplit_once("= ").expect("an exit code");
                let command: Vec<String> = line.split(' ').filter(|word| !word.is_empty()).map(String::from).collect();
                let done = tools.run(&host, &command).await;
                let said = String::from_utf8([done.stdout, done.stderr].concat()).expect("text");
                let value = |text: &str| serde_json::from_str::<serde_json::Value>(text);
                let same = match (value(&said), value(output)) {
                    (Ok(said), Ok(output)) => said == output,
                    _ => said == output,
                };
                assert!(same && done.code.to_string() == code.trim(), "{name}: {line}: {said}({}) for {output}({code})", done.code);
                asked += 1;
            }
        }
        assert_eq!(asked, 93);
    }
}
