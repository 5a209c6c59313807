//! The debug log of the incident that this tool began with, its elided parts made again: a node far from etcd lists the
//! cluster's nodes, then reads six keys of each.

/// `level=debug`, in the logrus form of 2018; times to the second.
pub(super) struct Seed {
    pub nodes: usize,
    /// Seconds that one read takes.
    pub round_trip: f64,
    /// When the kubelet ends it; `None` lets it finish.
    pub killed_after: Option<f64>,
}

/// 53 nodes, killed 58 s after it began.
pub(super) const INCIDENT: Seed = Seed { nodes: 53, round_trip: 0.185, killed_after: Some(58.9) };
/// The same cluster from a machine beside its etcd.
pub(super) const NEARBY: Seed = Seed { nodes: 53, round_trip: 0.002, killed_after: None };

const SELF: &str = "AMZ-IAD12-OpsResPool-13-33";
const KEYS: [(&str, bool); 6] = [
    ("/calico/bgp/v1/host/{}/ip_addr_v4", true),
    ("/calico/bgp/v1/host/{}/network_v4", true),
    ("/calico/bgp/v1/host/{}/ip_addr_v6", true),
    ("/calico/bgp/v1/host/{}/network_v6", false),
    ("/calico/bgp/v1/host/{}/as_num", false),
    ("/calico/v1/host/{}/orchestrator_refs", true),
];

impl Seed {
    pub(super) fn log(&self) -> String {
        let mut log = Log { text: String::new(), at: 0.0, killed_after: self.killed_after };
        log.info("Early log level set to debug");
        log.info("NODENAME environment not specified - check HOSTNAME");
        log.info("Loading config from environment");
        log.debug("Using datastore type 'etcdv2'");
        log.bare("Skipping datastore connection test");
        log.debug(&format!("Validate name: {SELF}"));
        log.debug(&format!("Get Key: /calico/v1/host/{SELF}/metadata"));
        log.wait(self.round_trip * 5.0);
        log.debug("Key not found error");
        log.say("info", "Building new node resource", &format!(" Name={SELF}"));
        log.info("Initialise BGP data");
        log.say("debug", "Querying interface addresses", " Interface=eth0");
        log.say("debug", "Found valid IP address and network", " CIDR=10.12.13.33/24");
        log.say("debug", "Check interface", " Name=eth0");
        log.say("debug", "Check address", " CIDR=10.12.13.33/24");
        log.bare("Using autodetected IPv4 address 10.12.13.33/24 on matching interface eth0");
        log.info("Node IPv4 changed, will check for conflicts");
        log.debug("Listing all host metadatas");
        log.wait(self.round_trip);
        log.debug("Parse host directories.");
        let names: Vec<String> = (0..self.nodes).map(name).collect();
        for name in &names {
            log.debug(&format!("Get Node key from /calico/v1/host/{name}/metadata"));
        }
        for name in &names {
            for (key, found) in KEYS {
                log.debug(&format!("Get Key: {}", key.replace("{}", name)));
                log.wait(self.round_trip);
                if !found {
                    log.debug("Key not found error");
                }
            }
        }
        log.info("No AS number configured on node resource, using global value");
        log.wait(self.round_trip * 12.0);
        log.say("info", &format!("Using node name: {SELF}"), "");
        log.bare("Calico node started successfully");
        log.text
    }
}

fn name(number: usize) -> String {
    match number {
        0..20 => format!("AMZ-IAD12-Coupon-35-{}", 221 + number),
        20..40 => format!("AMZ-OR39-CTR-135-{}", 40 + number),
        _ => format!("AMZ-SIN8-OpsResPool-33-{}", number + 11),
    }
}

struct Log {
    text: String,
    at: f64,
    killed_after: Option<f64>,
}

impl Log {
    fn wait(&mut self, seconds: f64) {
        self.at += seconds;
    }

    fn lives(&self) -> bool {
        self.killed_after.is_none_or(|limit| self.at < limit)
    }

    fn say(&mut self, level: &str, message: &str, fields: &str) {
        if self.lives() {
            let second = 16 + self.at as u64;
            let time = format!("2018-10-31T07:{:02}:{:02}Z", 47 + second / 60, second % 60);
            self.text += &format!("time=\"{time}\" level={level} msg=\"{message}\"{fields} \n");
        }
    }

    fn info(&mut self, message: &str) {
        self.say("info", message, "");
    }

    fn debug(&mut self, message: &str) {
        self.say("debug", message, "");
    }

    fn bare(&mut self, message: &str) {
        if self.lives() {
            self.text += &format!("{message}\n");
        }
    }
}
