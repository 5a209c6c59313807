//! `can-i` as an operator reads it, for each kind of cluster and of user.
//!
//! Incidents, their healthy twins, and the number of nodes play no part: no node is asked.

use calico_fix::permissions::report::{Answered, PermissionQuery, judge};
use calico_fix::permissions::role::Role;
use calico_fix::permissions::table::{InstallFacts, PERMISSIONS};
use calico_fix::render::can_i;
use calico_fix::render::style::Style;
use calico_fix::verb::Verb;

use super::plain_and_coloured;
use super::widths::{WIDTHS, at, check};

/// How Calico is installed, as far as the user can see.
enum Install {
    Manifest,
    Operator,
    NotSeen,
}

/// A user who may do what `may` says, on this installation.
fn rights(install: &Install, user: &str, may: fn(Role) -> bool) -> impl Fn(&Style) -> String {
    let (namespace, daemon_set, installation) = match install {
        Install::Manifest => ("kube-system", Some("calico-node"), None),
        Install::Operator => ("calico-system", Some("calico-node"), Some("default".to_owned())),
        Install::NotSeen => ("kube-system", None, None),
    };
    let around = InstallFacts { namespace: namespace.into(), daemon_set: daemon_set.map(str::to_owned), installation };
    let asked = PermissionQuery { verbs: &Verb::JUDGED, changes: true, exec: true };
    let needs = PERMISSIONS.iter().filter(|need| asked.covers(need, &around));
    let answers: Vec<Answered<'_>> = needs
        .filter_map(|need| {
            let right = need.asked(&around).first()?.to_string();
            Some(Answered { need, right, allowed: may(need.role) })
        })
        .collect();
    let report = judge(&around, asked, &answers, Some(user.to_owned()));
    move |style| {
        let mut out = Vec::new();
        can_i::write(&report, false, style, &mut out).expect("writes");
        String::from_utf8(out).expect("text")
    }
}

const ACCOUNT: &str = "system:serviceaccount:a-namespace-of-a-team-with-a-long-name:deployer";

#[test]
fn can_i_at_every_width() {
    let mut pages = String::new();
    let reads = |role| matches!(role, Role::View | Role::ViewPods);
    let changes_nothing = |role| !matches!(role, Role::Edit | Role::EditInstallation);
    for (name, page) in [
        ("everything", rights(&Install::Manifest, "jane", |_| true)),
        ("everything under the operator", rights(&Install::Operator, "jane", |_| true)),
        ("everything but changes", rights(&Install::Manifest, "jane", changes_nothing)),
        ("reading without exec", rights(&Install::Manifest, ACCOUNT, reads)),
        ("reading without exec under the operator", rights(&Install::Operator, ACCOUNT, reads)),
        ("nothing", rights(&Install::NotSeen, ACCOUNT, |_| false)),
    ] {
        let page: &dyn Fn(&Style) -> String = &page;
        pages += &format!("== {name}\n{}", plain_and_coloured(name, "can-i", page));
        let wide = page(&Style::default());
        for columns in WIDTHS {
            check(&format!("can-i, {name}"), columns, &wide, &page(&at(columns)));
        }
    }
    insta::assert_snapshot!("can_i", pages);
}
