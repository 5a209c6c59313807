//! `status -o html`: that it is a page, that it is one page, that it says what the report says, and that what the cluster said stays text.

use std::collections::BTreeSet;

use calico_fix::diagnosis::{Scope, diagnose};
use calico_fix::finding::Report;
use calico_fix::finding::verdict::Verdict;
use calico_fix::render::{data, html};
use calico_fix::reports::html_page::sheet;
use calico_fix::snapshot::Snapshot;
use calico_fix::snapshot::objects::Custom;
use calico_fix::text;
use html5ever::tendril::TendrilSink;
use markup5ever_rcdom::{Handle, NodeData, RcDom};
use serde_json::json;

use super::build::*;
use super::flavours;

/// Everything a page may be made of: nothing that runs, loads or sends.
const ELEMENTS: &[&str] = &[
    "html",
    "head",
    "meta",
    "title",
    "style",
    "body",
    "header",
    "nav",
    "main",
    "section",
    "article",
    "footer",
    "h1",
    "h2",
    "h3",
    "h4",
    "p",
    "div",
    "span",
    "a",
    "ul",
    "li",
    "dl",
    "dt",
    "dd",
    "code",
    "pre",
    "strong",
    "time",
    "details",
    "summary",
    "figure",
    "figcaption",
    "table",
    "caption",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
    "svg",
    "desc",
    "g",
    "path",
    "rect",
    "circle",
    "text",
    "tspan",
];

pub(super) fn page(snapshot: &Snapshot, scope: &Scope) -> (Report, String) {
    let report = diagnose(snapshot, scope);
    let mut out = Vec::new();
    html::write(&sheet(snapshot, &report, scope), false, &mut out).expect("writes");
    (report, String::from_utf8(out).expect("text"))
}

fn page_of(world: &World) -> String {
    page(&world.snapshot(), &Scope::default()).1
}

struct Element {
    name: String,
    attributes: Vec<(String, String)>,
    text: String,
}

impl Element {
    fn get(&self, wanted: &str) -> Option<&str> {
        self.attributes.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str())
    }

    fn has_class(&self, wanted: &str) -> bool {
        self.get("class").is_some_and(|classes| classes.split(' ').any(|class| class == wanted))
    }
}

fn parse(page: &str) -> Vec<Element> {
    let dom: RcDom = html5ever::parse_document(RcDom::default(), Default::default()).one(page);
    assert!(dom.errors.borrow().is_empty(), "{:?}\n{page}", dom.errors.borrow());
    let mut elements = Vec::new();
    walk(&dom.document, &mut elements);
    elements
}

fn walk(handle: &Handle, elements: &mut Vec<Element>) {
    if let NodeData::Element { name, attrs, .. } = &handle.data {
        let attributes = attrs.borrow().iter().map(|one| (one.name.local.to_string(), one.value.to_string())).collect();
        elements.push(Element { name: name.local.to_string(), attributes, text: text_of(handle) });
    }
    handle.children.borrow().iter().for_each(|child| walk(child, elements));
}

fn text_of(handle: &Handle) -> String {
    match &handle.data {
        NodeData::Text { contents } => contents.borrow().to_string(),
        _ => handle.children.borrow().iter().map(text_of).collect(),
    }
}

/// Holds of every page.
pub(super) fn sound_page(report: &Report, page: &str) {
    assert!(!page.chars().any(|c| c != '\n' && text::is_unsafe(c)), "{page:?}");
    let elements = parse(page);
    let all = |name: &'static str| elements.iter().filter(move |element| element.name == name);
    let ids: Vec<&str> = elements.iter().filter_map(|element| element.get("id")).collect();
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "an id twice: {ids:?}");
    for element in &elements {
        assert!(ELEMENTS.contains(&element.name.as_str()), "<{}>", element.name);
        for (name, value) in &element.attributes {
            assert!(!name.starts_with("on") && !["style", "src", "srcset", "action"].contains(&name.as_str()), "{name}={value}");
            let leads = match name.as_str() {
                "href" => value.strip_prefix('#').into_iter().collect(),
                "aria-labelledby" => value.split(' ').collect(),
                _ => Vec::new(),
            };
            assert!(name != "href" || leads.len() == 1, "leads away: {value}");
            assert!(leads.iter().all(|id| ids.contains(id)), "leads nowhere: {value}");
        }
    }
    let style = all("style").map(|element| element.text.as_str()).collect::<String>();
    assert!(!style.contains("url(") && !style.contains("@import"), "loads something");
    let policy = all("meta").find(|meta| meta.get("http-equiv") == Some("Content-Security-Policy")).and_then(|meta| meta.get("content"));
    assert!(policy.is_some_and(|policy| policy.starts_with("default-src 'none'; style-src 'sha256-") && !policy.contains("unsafe")));
    accessible(&elements);
    let told: BTreeSet<String> = elements.iter().filter(|of| of.name == "code" && of.has_class("code")).map(|of| of.text.clone()).collect();
    let mut json = Vec::new();
    data::json(report, &mut json).expect("writes");
    let json: serde_json::Value = serde_json::from_slice(&json).expect("JSON");
    let codes = json["findings"].as_array().expect("findings").iter().filter_map(|finding| finding["code"].as_str());
    assert_eq!(told, codes.map(str::to_owned).collect(), "the findings of -o json");
    let nodes: usize = all("section").filter(|section| section.get("id") == Some("nodes")).map(|_| 1).sum();
    assert_eq!(nodes, usize::from(!report.nodes.is_empty()));
}

fn accessible(elements: &[Element]) {
    let count = |name: &str| elements.iter().filter(|element| element.name == name).count();
    assert_eq!((count("h1"), count("main"), count("title") > 0), (1, 1, true));
    assert_eq!(count("table"), count("caption"), "a table without a caption");
    assert!(elements.iter().filter(|element| element.name == "th").all(|header| header.get("scope").is_some()));
    for picture in elements.iter().filter(|element| element.name == "svg") {
        let told = picture.get("role") == Some("img") && picture.get("aria-labelledby").is_some();
        assert!(told || picture.get("aria-hidden") == Some("true"), "a picture without words");
    }
    let levels = elements.iter().filter_map(|element| element.name.strip_prefix('h')?.parse::<u8>().ok());
    let levels: Vec<u8> = levels.collect();
    assert!(levels.windows(2).all(|pair| pair[1] <= pair[0] + 1), "a level of headings is skipped: {levels:?}");
}

/// Without the style, which is the same on every page, and a line an element.
fn outline(page: &str) -> String {
    let (before, rest) = page.split_once("<style>").expect("a style");
    let (_, after) = rest.split_once("</style>").expect("its end");
    let (start, policy) = before.split_once("style-src 'sha256-").expect("a policy");
    let (_, policy) = policy.split_once('\'').expect("its end");
    let version = concat!("calico-fix ", env!("CARGO_PKG_VERSION"));
    format!("{start}style-src '(hash)'{policy}<style></style>{after}").replace("><", ">\n<").replace(version, "calico-fix (version)")
}

pub(super) fn bridge() -> World {
    flavours::bridge().unhealthy("node-3", &not_established("10.0.0.1,10.0.0.2"), 6)
}

#[test]
fn a_small_cluster() {
    insta::assert_snapshot!("page_bridge", outline(&page_of(&bridge())));
    insta::assert_snapshot!("page_healthy", outline(&page_of(&cluster())));
}

#[test]
fn every_kind_of_cluster_is_a_sound_page() {
    let killed = include_str!("../../fixtures/logs/killed-at-debug.timestamps.txt");
    let slow =
        cluster().no_bird("node-2").not_ready("node-2").restarted("node-2", 3, 137, 70, 40).killed("node-2", 3).log("node-2", killed);
    for (world, says) in [
        (cluster(), "3 of 3 BGP sessions established"),
        (bridge(), "2 not established, all with node-3."),
        (slow, "Where the time went on node-2"),
        (cluster().operator(), "Calico is healthy"),
        (cluster().without_bgp("vxlan"), "There are no BGP sessions: the backend is vxlan."),
        (cluster().etcd(), "Calico is healthy"),
        (nodes(&["10.0.0.1/24"]), "No BGP session was seen."),
    ] {
        for sessions in [false, true] {
            let (report, page) = page(&world.snapshot(), &Scope { nodes: None, sessions, ..Scope::default() });
            assert!(page.contains(says), "{says}: {page}");
            sound_page(&report, &page);
        }
    }
}

#[test]
fn nothing_seen_is_said_and_not_drawn() {
    let snapshot: Snapshot = serde_json::from_value(json!({
        "apiVersion": "calico-fix/v1", "kind": "Snapshot", "takenAt": "2026-11-20T08:30:00Z", "origin": "files"
    }))
    .expect("reads");
    let (report, page) = page(&snapshot, &Scope::default());
    sound_page(&report, &page);
    assert_eq!(report.verdict, Verdict::Unknown);
    assert!(page.contains("Unknown") && page.contains("not in the given files") && !page.contains("<figure>"), "{page}");
}

#[test]
fn only_the_chosen_nodes_and_those_they_have_sessions_with() {
    let scope = Scope { nodes: Some(["node-3".to_owned()].into()), sessions: true, ..Scope::default() };
    let (report, page) = page(&bridge().snapshot(), &scope);
    sound_page(&report, &page);
    assert!(page.contains("0 of 2 BGP sessions established"), "{page}");
    assert!(page.contains("Every BGP session, as each of its ends reports the session"));
}

/// So many nodes, with sessions down between these.
fn many(count: usize, down: impl Fn(usize, usize) -> bool) -> World {
    let addresses: Vec<String> = (0..count).map(|number| format!("10.0.{}.{}/16", number / 250, number % 250 + 1)).collect();
    let mut world = nodes(&addresses.iter().map(String::as_str).collect::<Vec<_>>());
    let own = |address: &str| address.split('/').next().unwrap_or_default().to_owned();
    for (index, address) in addresses.iter().enumerate() {
        let state = |other: usize| if down(index.min(other), index.max(other)) { "Connect" } else { "Established" };
        let others = addresses.iter().enumerate().filter(|(_, other)| *other != address);
        let rows: Vec<String> = others.map(|(at, other)| format!("{} {}", own(other), state(at))).collect();
        world = world.bird(&format!("node-{}", index + 1), &rows.join(" | "));
    }
    world
}

#[test]
fn what_no_ring_can_show_is_a_matrix() {
    let (report, page) = page(&many(80, |a, b| (a * 7 + b * 13) % 31 == 0).snapshot(), &Scope::default());
    sound_page(&report, &page);
    assert!(page.contains("class=\"mesh matrix\"") && page.contains("A row and a column for each node"), "no matrix");
    assert!(!page.contains("class=\"point"), "points in a matrix");
}

#[test]
fn hundreds_of_nodes_are_two_groups() {
    let (report, page) = page(&many(300, |_, b| b == 299).not_ready("node-300").snapshot(), &Scope::default());
    sound_page(&report, &page);
    assert!(page.contains("<tspan") && page.contains(">299 nodes</tspan>") && page.contains(">see each other</tspan>"), "no groups");
    assert!(page.contains("299 not established, all with node-300."));
    assert!(page.len() < 400_000, "{}", page.len());
}

#[test]
fn hostile_text_stays_text() {
    let evil = "\"'></style></title></svg><script>alert(1)</script><img src=//x onerror=alert(1)>\u{202e}\u{1b}[2J&#x3c;";
    let tree = serde_json::to_string(&bridge().snapshot()).expect("writes");
    let quoted = serde_json::to_string(evil).expect("writes");
    for name in ["node-3", "node-1", BRIDGE, "Connect", "calico-node", "kube-system", "v3.24.5", "Readiness probe failed"] {
        let tree = tree.replace(name, quoted.trim_matches('"'));
        let mut snapshot: Snapshot = serde_json::from_str(&tree).unwrap_or_else(|error| panic!("{name}: {error}"));
        (snapshot.cluster.context, snapshot.cluster.server) = (Some(evil.to_owned()), Some("x".repeat(100_000)));
        let (report, page) = page(&snapshot, &Scope { nodes: None, sessions: true, ..Scope::default() });
        sound_page(&report, &page);
        assert!(page.contains("&lt;script&gt;alert(1)") && page.len() < 200_000, "{name}: {}", page.len());
    }
}

#[test]
fn what_calico_node_status_tells_is_drawn_and_its_source_named() {
    let status = |node: &str, peers: serde_json::Value, established: u32| Custom {
        spec: json!({"node": node}).as_object().expect("a map").clone().into_iter().collect(),
        status: json!({"bgp": {"numberEstablishedV4": established, "peersV4": peers}})
            .as_object()
            .expect("a map")
            .clone()
            .into_iter()
            .collect(),
        ..Custom::default()
    };
    let mut snapshot = cluster().snapshot();
    snapshot.inside.clear();
    let peer = |address: &str, state: &str| json!({"peerIP": address, "state": state, "type": "NodeMesh", "since": "09:00:00"});
    snapshot.resources.node_statuses = calico_fix::observed::Observed::Seen(vec![status(
        "node-1",
        json!([peer("10.0.0.2", "Established"), peer("10.0.0.3", "Connect")]),
        1,
    )]);
    let (report, page) = page(&snapshot, &Scope::default());
    sound_page(&report, &page);
    assert!(page.contains("1 of 3 BGP sessions established, each counted once. 1 not established, it is with node-"), "{page}");
    assert!(page.contains("1 not known: neither end could be asked."), "{page}");
    assert!(page.contains("sessions: caliconodestatus"), "{page}");
}
