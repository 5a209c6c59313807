use super::*;

fn parsed(line: &str) -> ConnectionFlags {
    #[derive(clap::Parser)]
    struct Probe {
        #[command(flatten)]
        flags: ConnectionFlags,
    }
    <Probe as clap::Parser>::try_parse_from(["x"].into_iter().chain(line.split_whitespace())).expect(line).flags
}

const ONE: &str = "
apiVersion: v1
kind: Config
current-context: ''
clusters:
- name: a
  cluster: {server: 'https://a:6443', certificate-authority: ca.crt, tls-server-name: inner}
contexts:
- name: a
  context: {cluster: a, user: u, namespace: ops}
users:
- name: u
  user: {token: first}
";

const TWO: &str = "
apiVersion: v1
kind: Config
current-context: b
clusters:
- name: a
  cluster: {server: 'https://shadowed:6443'}
- name: b
  cluster: {server: 'https://b:6443'}
contexts:
- name: b
  context: {cluster: b, user: u}
- name: lost
  context: {cluster: gone}
users:
- name: u
  user: {token: second}
- name: v
  user: {username: n, password: p}
";

fn files(texts: &[&str]) -> (tempfile::TempDir, Vec<PathBuf>) {
    let directory = tempfile::tempdir().expect("a directory");
    let paths = texts.iter().enumerate().map(|(at, text)| {
        let path = directory.path().join(at.to_string());
        std::fs::write(&path, text).expect("writes");
        path
    });
    let paths = paths.collect();
    (directory, paths)
}

fn listed(paths: &[PathBuf]) -> Option<OsString> {
    Some(std::env::join_paths(paths).expect("joins"))
}

#[test]
fn the_first_file_to_set_a_value_wins_and_missing_ones_are_passed_over() {
    let (directory, mut paths) = files(&[ONE, TWO]);
    paths.insert(0, directory.path().join("missing"));
    let (config, _) = load(None, listed(&paths), None).expect("loads");
    // The empty current-context of the first file does not count.
    let chosen = pick(&config, &[], &parsed("")).expect("picks");
    assert_eq!((chosen.context.as_deref(), chosen.server.as_str(), chosen.namespace.as_str()), (Some("b"), "https://b:6443", "default"));
    let chosen = pick(&config, &[], &parsed("--context a")).expect("picks");
    assert_eq!((chosen.server.as_str(), chosen.namespace.as_str()), ("https://a:6443", "ops"));
    assert_eq!(chosen.cluster.certificate_authority.as_deref(), directory.path().join("ca.crt").to_str(), "relative to its own file");
}

#[test]
fn files_that_are_not_there() {
    let (directory, _) = files(&[]);
    let missing = directory.path().join("missing");
    let explicit = load(Some(&missing), None, None).expect_err("must exist");
    assert_eq!(explicit.to_string(), format!("error: stat {}: no such file or directory", missing.display()));
    for (list, home) in [
        (listed(std::slice::from_ref(&missing)), None),
        (None, Some(directory.path())),
        (Some(OsString::new()), Some(directory.path())),
        (None, None),
    ] {
        let (config, looked) = load(None, list, home).expect("nothing is no error yet");
        let error = pick(&config, &looked, &parsed("")).err().expect("no configuration");
        assert_eq!(error.to_string(), "error: invalid configuration: no configuration has been provided");
        let hint = error.hint().expect("a hint");
        assert!(looked.iter().all(|path| hint.contains(&path.display().to_string())), "{hint}");
        assert!(hint.contains("--kubeconfig"), "{hint}");
    }
}

#[test]
fn a_broken_file_is_named_without_its_content() {
    for text in ["users: [{name: u, user: {token: sesame", "users:\n- name: u\n  user:\n    token: {a: sesame}\n", "sesame", "- sesame\n"] {
        let (_directory, paths) = files(&[text]);
        let error = load(paths.first().map(PathBuf::as_path), None, None).expect_err(text);
        assert!(error.to_string().starts_with("error: error loading config file"), "{error}");
        assert!(!format!("{error} {error:?} {:?}", error.hint()).contains("sesame"), "{error:?}");
    }
}

#[test]
fn names_that_do_not_exist_are_listed_with_those_that_do() {
    let (_directory, paths) = files(&[ONE, TWO]);
    for (line, message, known) in [
        ("--context x", "error: context \"x\" does not exist", "a, b, lost"),
        ("--cluster x", "error: cluster \"x\" does not exist", "a, b"),
        ("--user x", "error: auth info \"x\" does not exist", "u, v"),
        ("--context lost", "error: cluster \"gone\" does not exist", "a, b"),
    ] {
        let (config, looked) = load(None, listed(&paths), None).expect("loads");
        let error = pick(&config, &looked, &parsed(line)).err().expect(line);
        assert_eq!(error.to_string(), message);
        assert!(error.hint().is_some_and(|hint| hint.contains(known)), "{:?}", error.hint());
    }
    let (_directory, paths) = files(&[ONE]);
    let (config, looked) = load(None, listed(&paths), None).expect("loads");
    assert!(matches!(pick(&config, &looked, &parsed("")), Err(ConnectError::NoCurrentContext { known }) if known == ["a"]));
}

#[test]
fn flags_override_as_client_go_lets_them() {
    let (_directory, paths) = files(&[ONE]);
    let chosen = |line: &str| {
        let (config, looked) = load(None, listed(&paths), None).expect("loads");
        pick(&config, &looked, &parsed(&format!("--context a {line}"))).expect(line)
    };
    assert_eq!(chosen("").cluster.tls_server_name.as_deref(), Some("inner"));
    let other = chosen("--server https://other");
    assert_eq!((other.server.as_str(), other.cluster.tls_server_name), ("https://other", None), "the name belonged to the other server");
    assert_eq!(chosen("-s other:1").server, "https://other:1", "there is a certificate authority, so TLS is meant");
    let insecure = chosen("--insecure-skip-tls-verify");
    assert_eq!((insecure.cluster.certificate_authority, insecure.cluster.insecure_skip_tls_verify), (None, Some(true)));
    let user = chosen("--as x --as-uid 7 --as-group g --as-group h --as-user-extra k=1 --as-user-extra k=2").auth;
    assert_eq!((user.impersonate.as_deref(), user.impersonate_uid.as_deref()), (Some("x"), Some("7")));
    assert_eq!(user.impersonate_groups, Some(vec!["g".to_owned(), "h".to_owned()]));
    assert_eq!(user.impersonate_user_extra.and_then(|extra| extra.get("k").cloned()), Some(vec!["1".to_owned(), "2".to_owned()]));
}

#[test]
fn a_server_and_a_token_need_no_kubeconfig() {
    let chosen = pick(&Kubeconfig::default(), &[], &parsed("--server localhost:8001 --token t")).expect("picks");
    assert_eq!((chosen.server.as_str(), chosen.context), ("http://localhost:8001", None));
    assert!(chosen.auth.token.is_some());
}

#[test]
fn groups_alone_are_no_impersonation() {
    let error = pick(&Kubeconfig::default(), &[], &parsed("--server x --as-group g")).err().expect("refused");
    assert!(error.to_string().contains("--as"), "{error}");
}
