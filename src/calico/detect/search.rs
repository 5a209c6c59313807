//! The methods that go through the interfaces: autodetection/interfaces.go and filtered.go.

use std::cell::RefCell;
use std::collections::HashMap;
use std::net::IpAddr;

use regex_lite::Regex;

use super::host::{Host, Interfaces};
use super::{Annotated, DetectionResult, Found, stored_length};
use crate::calico::address::{self, Cidr};
use crate::calico::go_regex::{self, Pattern};
use crate::calico::method::Method;
use crate::calico::version::Version;
use crate::snapshot::family::Family;
use crate::snapshot::inspection::Interface;

/// Which names, and which addresses.
pub(super) struct Search {
    include: Option<Regex>,
    exclude: Option<Regex>,
    cidrs: Option<Vec<Cidr>>,
    /// Its patterns were read for names of ASCII alone.
    ascii_only: bool,
    /// Interfaces have the same few names on thousands of nodes.
    by_name: RefCell<HashMap<String, bool>>,
}

impl Search {
    /// `Ok(None)` for a method that searches nothing, `Err` where every host answers alike.
    pub(super) fn of(method: &Method, version: Version) -> Result<Option<Self>, DetectionResult> {
        let cidrs = match method {
            Method::FirstFound | Method::Interface { .. } | Method::SkipInterface { .. } => None,
            Method::Cidr { cidrs, .. } => Some(cidrs.iter().map(Cidr::trunc).collect()),
            Method::CanReach { .. } | Method::KubernetesInternalIp | Method::Invalid { .. } => return Ok(None),
        };
        let ascii_only = match method {
            Method::Interface { regexes } | Method::SkipInterface { regexes } => regexes.iter().any(|piece| go_regex::asks_unicode(piece)),
            _ => false,
        };
        let (include, exclude) = (compiled(method.include())?, compiled(method.exclude(version))?);
        Ok(Some(Self { include, exclude, cidrs, ascii_only, by_name: RefCell::default() }))
    }

    pub(super) fn detect(&self, method: &Method, family: Family, version: Version, host: &Host) -> DetectionResult {
        match &host.interfaces {
            Interfaces::Kernel(interfaces) => self.among(interfaces, family, version),
            Interfaces::Annotated(interfaces) => self.among_annotated(method, interfaces, family),
            Interfaces::Listed(listed) if !listed.families.contains(&family) => {
                DetectionResult::unknown(format!("its log lists no {family} addresses"))
            }
            Interfaces::Listed(listed) if listed.whole || adds_to_defaults(method) => self.among(&listed.interfaces, family, version),
            Interfaces::Listed(_) => {
                DetectionResult::unknown("its log leaves out the interfaces that this method may find; it takes exec to see them")
            }
            Interfaces::Unseen { why } => DetectionResult::unknown(why.clone()),
        }
    }

    fn names(&self, name: &str) -> bool {
        if let Some(known) = self.by_name.borrow().get(name) {
            return *known;
        }
        let is_named = self.include.as_ref().is_none_or(|include| include.is_match(name))
            && !self.exclude.as_ref().is_some_and(|exclude| exclude.is_match(name));
        self.by_name.borrow_mut().insert(name.to_owned(), is_named);
        is_named
    }

    fn takes(&self, address: IpAddr, family: Family) -> bool {
        Family::from_address(address) == family
            && address::is_global_unicast(address)
            && self.cidrs.as_ref().is_none_or(|cidrs| cidrs.iter().any(|cidr| cidr.contains(&address)))
    }

    /// Last listed first; of an interface its first address that fits.
    fn among(&self, interfaces: &[Interface], family: Family, version: Version) -> DetectionResult {
        if self.ascii_only && interfaces.iter().any(|interface| !interface.name.is_ascii()) {
            return DetectionResult::unknown("the pattern asks for classes of Unicode, and an interface's name is beyond ASCII");
        }
        let mut named = interfaces.iter().rev().filter(|interface| self.names(&interface.name)).peekable();
        if named.peek().is_none() {
            return DetectionResult::none("no interface has such a name");
        }
        let found = named.find_map(|interface| {
            let held = interface.addresses.iter().find(|held| self.takes(held.address, family))?;
            let prefix_length = Some(stored_length(held.prefix_length, held.address, held.peer.is_some(), version));
            Some(Found { address: held.address, prefix_length, interface: Some(interface.name.clone()) })
        });
        found.map_or_else(|| DetectionResult::none(self.no_address(family)), DetectionResult::Address)
    }

    fn no_address(&self, family: Family) -> String {
        match self.cidrs {
            Some(_) => format!("no interface has an {family} address in that network"),
            None => format!("none of the interfaces it looks at has an {family} address"),
        }
    }

    /// Whatever else the method lets in, the default exclusions have hidden some interfaces: only what adds to them can be answered.
    fn among_annotated(&self, method: &Method, interfaces: &[Annotated], family: Family) -> DetectionResult {
        if !adds_to_defaults(method) {
            return DetectionResult::unknown(
                "the annotation leaves out the interfaces that this method may find; it takes exec to see them",
            );
        }
        let mut named = interfaces.iter().rev().filter(|interface| self.names(&interface.name)).peekable();
        if named.peek().is_none() {
            return DetectionResult::none("no interface has such a name");
        }
        let found = named.find_map(|interface| {
            let address = interface.addresses.iter().copied().find(|address| self.takes(*address, family))?;
            Some(Found { address, prefix_length: None, interface: Some(interface.name.clone()) })
        });
        found.map_or_else(|| DetectionResult::none(self.no_address(family)), DetectionResult::Address)
    }
}

fn adds_to_defaults(method: &Method) -> bool {
    matches!(method, Method::FirstFound | Method::SkipInterface { .. })
}

fn compiled(pattern: Option<Pattern>) -> Result<Option<Regex>, DetectionResult> {
    match pattern {
        None => Ok(None),
        Some(Pattern::Matches(regex)) => Ok(Some(regex)),
        Some(Pattern::Refused(why)) => Err(DetectionResult::none(format!("its regular expression is refused: {why}"))),
        Some(Pattern::Unknown(why)) => Err(DetectionResult::unknown(why)),
    }
}
