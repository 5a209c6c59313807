use super::*;

#[test]
fn a_block_over_many_lines_goes_whole() {
    let mut masker = LineMasker::default();
    let text = "cert=-----BEGIN CERTIFICATE-----\nMIIC\nAAAA\n-----END CERTIFICATE----- then\nplain";
    let lines: Vec<String> = text.lines().map(|line| masker.line(line)).collect();
    assert_eq!(lines, ["cert=(masked)", "(masked)", "(masked)", " then", "plain"]);
    // One that never ends does not hide the rest of the log.
    masker.line("-----BEGIN CERTIFICATE-----");
    let hidden = (0..10_000).take_while(|_| masker.line("plain") != "plain").count();
    assert_eq!(hidden, LONGEST_BLOCK);
}

#[test]
fn secrets_in_running_text_are_masked() {
    let jwt = format!("token {}.{}.c2ln, end", "eyJhbGciOiJSUzI1NiJ9", "a".repeat(40));
    let blob = format!("key {} end", "aGVsbG8gd29ybGQ5".repeat(5));
    for (text, expected) in [
        ("https://root:hunter2@10.0.0.1:2379,https://a:b@c", "https://(masked)@10.0.0.1:2379,https://(masked)@c"),
        ("Authorization: Bearer abc.def ok", "Authorization: (masked) ok"),
        ("Authorization: Basic dXNlcg== ok", "Authorization: (masked) ok"),
        ("bearer abc.def gone", "bearer (masked) gone"),
        ("x -----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----\ny", "x (masked)\ny"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMII", "(masked)"),
        ("dial ?user=a&Password=b&x=1", "dial ?user=a&Password=(masked)&x=1"),
        ("EtcdPassword=hunter2 next=1", "EtcdPassword=(masked) next=1"),
        (r#"{"password": "hunter2", "a": 1}"#, r#"{"password": "(masked)", "a": 1}"#),
        (r#"{\"api_key\":\"hunter2\"}"#, r#"{\"api_key\":\"(masked)\"}"#),
        (r#"token:"abc def", a"#, r#"token:"(masked)", a"#),
        ("api_key=hunter2", "api_key=(masked)"),
        ("K8sToken:abc, K8sAPIRoot:x", "K8sToken:(masked), K8sAPIRoot:x"),
        ("etcdctl --password hunter2 get", "etcdctl --password (masked) get"),
        ("--etcd-passwd=hunter2", "--etcd-passwd=(masked)"),
        ("clone with ghp_0123456789abcdefghijABCDEFGHIJ0123 now", "clone with (masked) now"),
        ("key AKIAIOSFODNN7EXAMPLE now", "key (masked) now"),
        (jwt.as_str(), "token (masked), end"),
        (blob.as_str(), "key (masked) end"),
        ("/9j4AAQSkZJRgABAQEASABIAAD2wBDAAMCAgMCAgMDAwMEAwMEBQgFBQQEBQoHBwYI", "(masked)"),
    ] {
        assert_eq!(masked(text), expected, "{text}");
        assert_eq!(masked(expected), expected, "twice: {text}");
    }
}

#[test]
fn plain_text_stays() {
    for text in [
        "Using autodetected IPv4 address on interface eth0: 10.0.0.2/24",
        "https://10.96.0.1:443/api?x=a@b",
        "the token expired",
        "token=",
        r#"Get "https://10.96.0.1:443/api/v1/token": dial tcp 10.96.0.1:443: i/o timeout"#,
        "cannot refresh the token: dial tcp 10.96.0.1:443: connection refused",
        r#"dir="/var/run/secrets/kubernetes.io/serviceaccount""#,
        "Get Key: /calico/bgp/v1/host/AMZ-SIN8-OpsResPool-33-63/ip_addr_v4",
        "BIRD is not ready: BGP not established with 10.0.0.3",
        "eyJ",
        "a@b://c",
    ] {
        assert!(matches!(masked(text), Cow::Borrowed(_)), "{text}: {}", masked(text));
    }
}

#[test]
fn names_tell_secrets_from_places() {
    for name in ["ETCD_PASSWORD", "MY_TOKEN", "FELIX_SECRET_THING", "TLS_KEY", "etcd_key"] {
        assert!(is_secret_variable(name), "{name}");
    }
    for name in ["ETCD_KEY_FILE", "TOKEN_PATH", "IP", "CLUSTER_TYPE", "FELIX_TYPHACAFILE"] {
        assert!(!is_secret_variable(name), "{name}");
    }
}

#[test]
fn trees_lose_their_secrets() {
    let mut tree = serde_json::json!({
        "password": {"secretKeyRef": {"name": "bgp", "key": "pw"}},
        "keepOriginalNextHop": true,
        "env": [{"name": "API_TOKEN", "value": "planted"}, {"name": "IP", "value": "none"}],
        "args": ["--bgp-password", "planted", "--name", "x"],
        "certificateManagement": {"caCert": "planted"},
        "note": "https://u:planted@h/",
    });
    mask_tree(&mut tree);
    let text = tree.to_string();
    assert!(!text.contains("planted") && !text.contains("pw"), "{text}");
    assert_eq!((&tree["keepOriginalNextHop"], &tree["env"][1]["value"], &tree["args"][3]), (&true.into(), &"none".into(), &"x".into()));
}

#[test]
fn only_values_that_are_read_stay() {
    let mut tree = serde_json::json!({"a": [{"env": [{"name": "GREETING", "value": "planted"}, {"name": "IP", "value": "none"}, {"name": "E", "value": ""}]}]});
    mask_environments(&mut tree);
    assert_eq!(
        tree["a"][0]["env"],
        serde_json::json!([{"name": "GREETING", "value": MASK}, {"name": "IP", "value": "none"}, {"name": "E", "value": ""}])
    );
    let mut spec = serde_json::json!({"calicoNetwork": {"bgp": "Enabled"}, "motd": ["planted"]});
    mask_unread(&mut spec, &["calicoNetwork"]);
    assert_eq!(spec, serde_json::json!({"calicoNetwork": {"bgp": "Enabled"}, "motd": [MASK]}));
}

#[test]
fn servers_lose_their_user() {
    for (url, expected) in [
        ("https://u:p@10.0.0.1:6443/x", "https://10.0.0.1:6443/x"),
        ("https://u:p@q@h", "https://h"),
        ("https://h/a@b", "https://h/a@b"),
        ("h", "h"),
    ] {
        assert_eq!(without_userinfo(url), expected);
    }
}
