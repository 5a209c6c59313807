use calico_fix::finding::Source;

use super::build::*;
use super::judge::*;
use super::starts::*;

#[test]
fn out_of_memory() {
    let world = |since: i64| {
        let mut world = cluster().restarted("node-2", 3, 137, 300, since);
        let host = world.hosts.iter_mut().find(|host| host.name == "node-2").expect("node-2");
        host.container.last_state.terminated.as_mut().expect("ended").reason = Some("OOMKilled".into());
        let resources = &mut world.container().resources;
        resources.limits = [("memory".to_owned(), "64Mi".to_owned())].into();
        world
    };
    let case = finds(&world(50).not_ready("node-2"), &["error out-of-memory node-2"]);
    assert!(case.only().message.contains("memory limit is 64Mi"), "{}", case.only().message);
    shows(case.only(), Source::Pod, "node-2", "OOMKilled");
    no_delay(&case);
    finds(&world(900), &["warning out-of-memory node-2"]);
    healthy(&world(90_000));
}
