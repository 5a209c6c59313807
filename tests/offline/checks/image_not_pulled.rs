use calico_fix::finding::Source;
use calico_fix::snapshot::Snapshot;

use super::build::*;
use super::judge::*;
use super::pods::*;

fn main_image(snapshot: &mut Snapshot) {
    second(snapshot).status.container_statuses[0].state = waiting("ImagePullBackOff", "Back-off pulling image \"quay.io/calico/node:v9\"");
}

fn init_image(snapshot: &mut Snapshot) {
    install_cni_fails(snapshot);
    let init = &mut second(snapshot).status.init_container_statuses[0];
    (init.restart_count, init.last_state) = (0, Default::default());
    init.state = waiting("ErrImagePull", "");
}

#[test]
fn the_image_of_either_container() {
    type Edit = fn(&mut Snapshot);
    let edits: [(Edit, &str); 2] = [(main_image, "calico-node"), (init_image, "install-cni")];
    for (edit, container) in edits {
        let world = missed_by_its_peers().edit(edit).event("node-2", "Failed", "Failed to pull image \"x\": not found", 7, 5);
        let case = finds(&world, &["error image-not-pulled node-2"]);
        assert!(case.only().message.contains(&format!("container {container} cannot be pulled")), "{}", case.only().message);
        shows(case.only(), Source::Event, "node-2", "Failed to pull image");
        assert_eq!(case.command(), Some("kubectl describe pod calico-node-ccccc -n kube-system"));
    }
}

#[test]
fn an_image_that_came_at_last() {
    healthy(&cluster().event("node-2", "Failed", "Failed to pull image \"x\": i/o timeout", 2, 300));
}

/// The newest event only repeats that it failed.
#[test]
fn the_event_that_names_the_reason_is_shown() {
    let refused = "Failed to pull image \"quay.io/calico/node:v9\": 429 Too Many Requests - Server message: toomanyrequests: You have reached your pull rate limit";
    let world = missed_by_its_peers().edit(main_image).event("node-2", "Failed", refused, 7, 9).event(
        "node-2",
        "Failed",
        "Error: ErrImagePull",
        7,
        5,
    );
    let case = finds(&world, &["error image-not-pulled node-2"]);
    assert!(case.only().message.contains("because the registry's pull rate limit is reached"), "{}", case.only().message);
    shows(case.only(), Source::Event, "node-2", "toomanyrequests");
}
