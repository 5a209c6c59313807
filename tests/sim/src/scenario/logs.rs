//! calico-node's startup log as release 3.24.5 writes it: each line after so many round trips to the API server.

use std::net::Ipv4Addr;

use jiff::{SignedDuration, Timestamp};

/// One run of the container.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    pub node: String,
    pub start: Timestamp,
    /// Seconds a request takes.
    pub round_trip: f64,
    /// The run was killed after so many seconds.
    pub killed_after: Option<f64>,
    pub interface: &'static str,
    pub address: String,
    /// The address the node had before, where detection changed it.
    pub changed_from: Option<Ipv4Addr>,
    /// No address was stored before.
    pub new: bool,
}

const OUT: &str = "";

/// Round trips until the line, its level and source, and its text. From the timed runs at a round trip of 1 s.
const LINES: &[(f64, &str, &str)] = &[
    (0.0, "[INFO][9] startup/startup.go 427", "Early log level set to info"),
    (0.0, "[INFO][9] startup/utils.go 127", "Using NODENAME environment for node name {node}"),
    (0.0, "[INFO][9] startup/utils.go 139", "Determined node name: {node}"),
    (0.0, "[INFO][9] startup/startup.go 94", "Starting node {node} with version v3.24.5"),
    (0.0, "[INFO][9] startup/startup.go 432", "Checking datastore connection"),
    (3.0, "[INFO][9] startup/startup.go 456", "Datastore connection verified"),
    (3.0, "[INFO][9] startup/startup.go 104", "Datastore is ready"),
    (8.1, "[INFO][9] startup/startup.go 485", "{new}Initialize BGP data"),
    (8.1, "[INFO][9] startup/autodetection_methods.go 103", "Using autodetected IPv4 address on interface {interface}: {address}"),
    (8.1, "[INFO][9] startup/startup.go 561", "{changed}Node IPv4 changed, will check for conflicts"),
    (
        9.3,
        "[WARNING][9] startup/startup.go 978",
        "{moved}IPv4 address has changed. This could happen if there are multiple nodes with the same name. node=\"{node}\" original=\"{old}\" updated=\"{ip}\"",
    ),
    (9.3, "[INFO][9] startup/startup.go 701", "No AS number configured on node resource, using global value"),
    (12.4, "[INFO][9] startup/startup.go 818", "Selected default IP pool is '192.168.0.0/16'"),
    (12.4, "[INFO][9] startup/startup.go 676", "FELIX_IPV6SUPPORT is false through environment variable"),
    (14.5, "[INFO][9] startup/startup.go 218", "Using node name: {node}"),
    (14.5, "[INFO][9] startup/utils.go 191", "Setting NetworkUnavailable to false"),
    (15.5, "[INFO][9] startup/utils.go 95", "removed shutdown timestamp timestamp=\"{shutdown}\""),
    (
        29.0,
        "[INFO][63] tunnel-ip-allocator/allocateip.go 340",
        "{old-node}Current address is still valid, do nothing currentAddr=\"{tunnel}\" type=\"ipipTunnelAddress\"",
    ),
    (29.0, "[INFO][63] tunnel-ip-allocator/allocateip.go 316", "{new}Assign a new tunnel address type=\"ipipTunnelAddress\""),
    (29.0, "[INFO][63] tunnel-ip-allocator/allocateip.go 392", "{new}Release any old tunnel addresses IP=\"\" type=\"ipipTunnelAddress\""),
    (38.1, "[INFO][63] tunnel-ip-allocator/allocateip.go 403", "{new}Assign new tunnel address IP=\"\" type=\"ipipTunnelAddress\""),
    (38.1, "[INFO][63] tunnel-ip-allocator/ipam.go 107", "{new}Auto-assign 1 ipv4, 0 ipv6 addrs for host '{node}'"),
    (
        39.1,
        "[INFO][63] tunnel-ip-allocator/ipam.go 660",
        "{new}Looking up existing affinities for host handle=\"ipip-tunnel-addr-{node}\" host=\"{node}\"",
    ),
    (41.2, "[INFO][63] tunnel-ip-allocator/ipam.go 372", "{new}Looking up existing affinities for host host=\"{node}\""),
    (43.2, "[INFO][63] tunnel-ip-allocator/ipam.go 489", "{new}Trying affinity for {tunnel}/26 host=\"{node}\""),
    (44.2, "[INFO][63] tunnel-ip-allocator/ipam.go 155", "{new}Attempting to load block cidr={tunnel}/26 host=\"{node}\""),
    (
        45.3,
        "[INFO][63] tunnel-ip-allocator/ipam.go 232",
        "{new}Affinity is confirmed and block has been loaded cidr={tunnel}/26 host=\"{node}\"",
    ),
    (59.8, OUT, "Calico node started successfully"),
    (60.9, OUT, "bird: Unable to open configuration file /etc/calico/confd/config/bird6.cfg: No such file or directory"),
    (60.9, OUT, "bird: Unable to open configuration file /etc/calico/confd/config/bird.cfg: No such file or directory"),
    (62.0, "[INFO][85] confd/run.go 18", "Starting calico-confd"),
    (63.0, "[INFO][81] monitor-addresses/startup.go 427", "Early log level set to info"),
    (64.0, "[INFO][85] confd/client.go 442", "Data is now syncd, can start rendering templates"),
    (65.0, "[INFO][85] confd/resource.go 278", "Target config /etc/calico/confd/config/bird.cfg has been updated"),
    (65.0, OUT, "bird: Graceful restart started"),
    (65.0, OUT, "bird: Started"),
];

/// A line of the table that this run says.
pub(crate) struct Line {
    pub trips: f64,
    /// Its place in the table: lines of one step are a moment apart.
    pub number: usize,
    pub source: &'static str,
    pub message: String,
}

impl Line {
    /// As the process prints it: only its own lines carry a time.
    pub(crate) fn text(&self, at: Timestamp) -> String {
        let Self { source, message, .. } = self;
        if source.is_empty() { message.clone() } else { format!("{} {source}: {message}", at.strftime("%Y-%m-%d %H:%M:%S.%3f")) }
    }
}

pub(crate) fn lines(run: &Run, tunnel: Ipv4Addr) -> Vec<Line> {
    let old_node = run.changed_from.is_none() && !run.new;
    let ip = run.address.split('/').next().unwrap_or_default();
    let shutdown = run.start - SignedDuration::from_secs(3);
    let needs = [("{new}", run.new), ("{old-node}", !run.new), ("{moved}", run.changed_from.is_some()), ("{changed}", !old_node)];
    let mut lines = Vec::new();
    for (number, &(trips, source, message)) in LINES.iter().enumerate() {
        let mut message = message;
        let mut said = true;
        for (mark, holds) in needs {
            if let Some(rest) = message.strip_prefix(mark) {
                message = rest;
                said &= holds;
            }
        }
        let message = message
            .replace("{node}", &run.node)
            .replace("{interface}", run.interface)
            .replace("{address}", &run.address)
            .replace("{ip}", ip)
            .replace("{old}", &run.changed_from.map(|old| old.to_string()).unwrap_or_default())
            .replace("{shutdown}", &seconds_of(shutdown))
            .replace("{tunnel}", &tunnel.to_string());
        if said {
            lines.push(Line { trips, number, source, message });
        }
    }
    lines
}

/// The whole log, with the kubelet's timestamps.
pub(crate) fn startup(run: &Run, tunnel: Ipv4Addr) -> String {
    let mut text = String::new();
    for line in lines(run, tunnel) {
        let seconds = line.trips * run.round_trip;
        if run.killed_after.is_some_and(|limit| seconds > limit) {
            break;
        }
        let at = run.start + SignedDuration::from_micros((seconds * 1e6) as i64 + line.number as i64 * 110);
        text.push_str(&format!("{}{}\n", at.strftime("%Y-%m-%dT%H:%M:%S.%9fZ "), line.text(at)));
    }
    text
}

/// RFC 3339 to the second, as the API writes times.
pub(crate) fn seconds_of(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slow_run_is_cut_in_mid_work() {
        let run = Run {
            node: "far".into(),
            start: Timestamp::UNIX_EPOCH,
            round_trip: 1.5,
            killed_after: Some(60.0),
            interface: "eth0",
            address: "10.8.13.33/24".into(),
            changed_from: None,
            new: true,
        };
        let text = startup(&run, Ipv4Addr::new(192, 168, 0, 0));
        let last = text.lines().last().expect("lines");
        assert!(last.contains("Looking up existing affinities"), "{last}");
        assert!(!text.contains("Terminating") && !text.contains("still valid"));
        assert!(text.starts_with("1970-01-01T00:00:00.000000000Z 1970-01-01 00:00:00.000 [INFO][9] startup/startup.go 427: Early log"));
    }
}
