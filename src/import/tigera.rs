//! `kubectl get tigerastatus` and `kubectl describe tigerastatus`: what the operator says of itself.

use serde_json::{Value, json};

use super::facts::{Facts, Summary};
use super::formats::Format;
use super::page::Block;

pub(super) const TABLE: Format = Format {
    name: "kubectl get tigerastatus",
    better: "kubectl get tigerastatus -o yaml",
    starts: |lines, _| lines.first().is_some_and(|line| columns(line).is_some()),
    goes_on: |line| line.split_whitespace().count() > 1,
    interrupts: true,
    restarts: false,
    read: read_table,
};

pub(super) const DESCRIBED: Format = Format {
    name: "kubectl describe tigerastatus",
    better: "kubectl get tigerastatus -o yaml",
    starts: |lines, _| {
        let is_kind = |line: &&str| line.split_whitespace().eq(["Kind:", "TigeraStatus"]);
        lines.first().is_some_and(|line| line.starts_with("Name:")) && lines.iter().take(10).any(is_kind)
    },
    goes_on: |line| !line.trim().is_empty(),
    interrupts: true,
    restarts: true,
    read: read_described,
};

/// Where NAME, AVAILABLE, PROGRESSING, DEGRADED and what follows begin; newer releases have MESSAGE behind SINCE.
fn columns(header: &str) -> Option<[usize; 5]> {
    let at = |name: &str| header.find(name);
    let places = [at("NAME")?, at("AVAILABLE")?, at("PROGRESSING")?, at("DEGRADED")?, at("SINCE")?];
    places.is_sorted().then_some(places)
}

fn read_table(block: &Block, facts: &mut Facts) -> Result<Summary, String> {
    let mut lines = block.text.lines();
    let header = lines.next().unwrap_or_default();
    let Some(at) = columns(header) else { return Err("no header".to_owned()) };
    let mut read = 0;
    for line in lines {
        let cell = |from: usize, to: usize| line.get(from..to.min(line.len())).unwrap_or_default().trim();
        let name = cell(at[0], at[1]);
        let conditions: Vec<Value> = [("Available", 1), ("Progressing", 2), ("Degraded", 3)]
            .into_iter()
            .map(|(kind, column)| json!({"type": kind, "status": cell(at[column], at[column + 1])}))
            .filter(|condition| condition["status"] != "")
            .collect();
        take(facts, name, &conditions)?;
        read += 1;
    }
    Ok(Summary::new(format!("{read} TigeraStatus")))
}

fn read_described(block: &Block, facts: &mut Facts) -> Result<Summary, String> {
    let mut name = "";
    let mut conditions: Vec<Value> = Vec::new();
    let mut one = json!({});
    let mut inside = false;
    for line in block.text.lines() {
        let Some((key, value)) = line.trim().split_once(':') else { continue };
        let value = value.trim();
        inside |= key == "Conditions";
        match (key, inside) {
            ("Name", false) => name = value,
            ("Message", true) => one["message"] = json!(value),
            ("Reason", true) => one["reason"] = json!(value),
            ("Status", true) => one["status"] = json!(value),
            // fields are in the order of their names: the type is the last
            ("Type", true) => {
                one["type"] = json!(value);
                conditions.push(std::mem::replace(&mut one, json!({})));
            }
            _ => {}
        }
    }
    take(facts, name, &conditions)?;
    Ok(Summary::new("1 TigeraStatus"))
}

fn take(facts: &mut Facts, name: &str, conditions: &[Value]) -> Result<(), String> {
    facts.objects.take(json!({"apiVersion": "operator.tigera.io/v1", "kind": "TigeraStatus", "metadata": {"name": name},
        "status": {"conditions": conditions}}));
    facts.objects.problem.take().map_or(Ok(()), Err)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn conditions(format: &Format, text: &str) -> Vec<Value> {
        let (facts, _) = format.read_text(text);
        let status = &facts.objects.customs["TigeraStatus"][0];
        assert_eq!(status.metadata.name, "calico");
        status.status["conditions"].as_array().cloned().unwrap_or_default()
    }

    #[test]
    fn empty_cells_keep_their_columns() {
        let text = "NAME     AVAILABLE   PROGRESSING   DEGRADED   SINCE\ncalico                             True       6m20s\n";
        assert_eq!(conditions(&TABLE, text), [json!({"type": "Degraded", "status": "True"})]);
        let sound = "NAME     AVAILABLE   PROGRESSING   DEGRADED   SINCE\ncalico   True        False         False      6m20s\n";
        assert_eq!(conditions(&TABLE, sound).len(), 3);
    }

    #[test]
    fn a_description_has_its_conditions() {
        let text = "Name:         calico\nAPI Version:  operator.tigera.io/v1\nKind:         TigeraStatus\nStatus:\n  Conditions:\n    \
            Message:  no more than one: two\n    Reason:   InvalidConfigurationError\n    Status:   True\n    Type:     Degraded\n    \
            Reason:   Unknown\n    Status:   False\n    Type:     Available\n";
        let read = conditions(&DESCRIBED, text);
        assert_eq!((&read[0]["message"], &read[0]["type"]), (&json!("no more than one: two"), &json!("Degraded")));
        assert_eq!((&read[1]["status"], read[1].get("message")), (&json!("False"), None));
    }
}
