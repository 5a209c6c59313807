//! `completion --install`: where it writes, what it says, and what it leaves alone.

use super::*;

fn install(home: &Home, of: &str) -> Output {
    home.command(PLUGIN).args(["completion", of, "--install"]).output().expect("runs")
}

#[test]
fn each_shell_finds_its_script_in_the_users_own_folder() {
    for (shell, path, file) in [
        ("bash", ".local/share/bash-completion/completions/calico-fix.bash", "calico-fix.bash"),
        ("zsh", ".local/share/zsh/site-functions/_calico-fix", "_calico-fix"),
        ("fish", ".config/fish/completions/calico-fix.fish", "calico-fix.fish"),
        ("powershell", ".local/share/kubectl-calico-fix/calico-fix.ps1", "calico-fix.ps1"),
    ] {
        let home = Home::new("/nonexistent");
        let written = home.folder.path().join(path);
        for word in ["written", "is up to date"] {
            let output = install(&home, shell);
            assert_eq!(output.status.code(), Some(0), "{shell}: {}", text(&output.stderr));
            assert!(text(&output.stdout).starts_with(&format!("{} {word}\n", written.display())), "{shell}: {}", text(&output.stdout));
        }
        let shipped = std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("completions").join(file)).expect("reads");
        assert_eq!(std::fs::read(&written).expect("reads"), shipped, "{shell}");
        let printed = home.command(PLUGIN).args(["completion", shell]).output().expect("runs").stdout;
        assert_eq!(printed, shipped, "{shell}");
    }
}

#[test]
fn an_older_script_is_renewed_and_a_foreign_file_stays() {
    let home = Home::new("/nonexistent");
    let path = home.folder.path().join(".config/fish/completions/calico-fix.fish");
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("makes");
    std::fs::write(&path, "# older; made by: calico-fix completion fish\n").expect("writes");
    assert!(text(&install(&home, "fish").stdout).starts_with(&format!("{} renewed\n", path.display())));
    std::fs::write(&path, "my own\n").expect("writes");
    let output = install(&home, "fish");
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(1), String::new()));
    assert!(
        text(&output.stderr).starts_with(&format!("error: {} exists and was not written by this program", path.display())),
        "{}",
        text(&output.stderr)
    );
    assert_eq!(std::fs::read_to_string(&path).expect("reads"), "my own\n");
    // Through a link somebody else's file would be written.
    let target = home.folder.path().join("target");
    std::fs::write(&target, "# made by: calico-fix completion fish\n").expect("writes");
    std::fs::remove_file(&path).expect("removes");
    std::os::unix::fs::symlink(&target, &path).expect("links");
    assert_eq!(install(&home, "fish").status.code(), Some(1));
    assert!(std::fs::read_to_string(&target).expect("reads").starts_with("# made by"));
}

/// Beside the plugin on PATH, as krew links it; where that may not be written to, in the user's own folder, and PATH is told of.
#[test]
fn kubectls_hook_goes_where_kubectl_finds_it() {
    let home = Home::new("/nonexistent");
    let bin = home.folder.path().join("krew").join("bin");
    std::fs::create_dir_all(&bin).expect("makes");
    std::os::unix::fs::symlink(PLUGIN, bin.join("kubectl-calico_fix")).expect("links");
    let with = |path: &str| home.command(PLUGIN).env("PATH", path).args(["completion", "kubectl", "--install"]).output().expect("runs");
    let paths = format!("{}:/usr/bin:/bin", bin.display());
    let output = with(&paths);
    let hook = bin.join("kubectl_complete-calico_fix");
    assert!(text(&output.stdout).starts_with(&format!("{} written\n", hook.display())), "{}{}", text(&output.stdout), text(&output.stderr));
    let answer = Command::new(&hook).env_clear().env("PATH", &paths).args(["explain", "bgp-s"]).output().expect("runs");
    assert_eq!(split(&text(&answer.stdout)), (vec!["bgp-session-down".to_owned()], ":4".to_owned()), "{}", text(&answer.stderr));
    // After the plugin is gone the hook is silent.
    let answer = Command::new(&hook).env_clear().env("PATH", "/usr/bin:/bin").arg("").output().expect("runs");
    assert_eq!((answer.status.code(), text(&answer.stdout), text(&answer.stderr)), (Some(0), String::new(), String::new()));
    let output = with("/usr/bin:/bin");
    let own = home.folder.path().join(".local/bin/kubectl_complete-calico_fix");
    assert!(
        text(&output.stdout).starts_with(&format!("{} written\n", own.display()))
            && text(&output.stdout).contains("Add that folder to PATH")
    );
}

#[test]
fn what_cannot_be_installed_is_a_mistake() {
    let home = Home::new("/nonexistent");
    assert_eq!(install(&home, "elvish").status.code(), Some(2));
    assert_eq!(install(&home, "tcsh").status.code(), Some(2));
}

/// The script works in a bash that has loaded nothing else.
#[test]
fn bash_completes_without_the_package() {
    let home = Home::new("/nonexistent");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("completions/calico-fix.bash");
    let line = format!(
        "source '{}'; COMP_LINE='calico-fix explain bgp-s' COMP_POINT=24 COMP_WORDS=(calico-fix explain bgp-s) COMP_CWORD=2; \
         PATH='{}'; _calico_fix_complete; echo \"${{COMPREPLY[@]}}\"",
        script.display(),
        home.path().to_string_lossy()
    );
    let Some(bash) = tool("bash", "completion in a bare bash") else { return };
    let output = home.command(bash).args(["--norc", "--noprofile", "-c", &line]).output().expect("runs");
    assert!(text(&output.stdout).contains("bgp-session-down"), "{}{}", text(&output.stdout), text(&output.stderr));
}

#[test]
fn manual_pages_are_installed_for_the_user() {
    let home = Home::new("/nonexistent");
    let output = home.command(PLUGIN).args(["man", "--install"]).output().expect("runs");
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let folder = home.folder.path().join(".local/share/man/man1");
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("man");
    let mut count = 0;
    for page in std::fs::read_dir(shipped).expect("lists").flatten() {
        let installed = std::fs::read(folder.join(page.file_name())).unwrap_or_default();
        assert!(installed == std::fs::read(page.path()).expect("reads"), "{}", page.path().display());
        count += 1;
    }
    assert!(
        text(&output.stdout).starts_with(&format!("{count} manual pages written to {}\n", folder.display())),
        "{}",
        text(&output.stdout)
    );
    let page = home.command(PLUGIN).args(["man", "node", "status"]).output().expect("runs");
    assert!(text(&page.stdout).starts_with(".TH KUBECTL\\-CALICO\\-FIX\\-NODE\\-STATUS 1 "), "{}", text(&page.stdout));
    assert_eq!(home.command(PLUGIN).args(["man", "nonsense"]).output().expect("runs").status.code(), Some(2));
}
