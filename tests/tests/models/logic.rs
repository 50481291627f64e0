//! Three-valued logic. The model knows two values only: it tries every way the missing facts may turn out.

use std::fmt::Write as _;

use paratope_sdk::words::{FactValue, FindingStatus};
use proptest::prelude::*;

use crate::{fact, policies, request};

/// Facts told as yes or no.
const FLAGS: [&str; 6] = [
    "histology-confirmed",
    "measurable-disease",
    "progressed-within-60-days",
    "leptomeningeal-disease",
    "prior-allogeneic-hsct",
    "prior-car-t",
];

#[derive(Debug, Clone)]
enum Tree {
    Leaf { flag: usize, is: bool },
    All(Vec<Tree>),
    Any(Vec<Tree>),
    None(Vec<Tree>),
    AtLeast(usize, Vec<Tree>),
}

fn tree() -> impl Strategy<Value = Tree> {
    let leaf = (0..FLAGS.len(), any::<bool>()).prop_map(|(flag, is)| Tree::Leaf { flag, is });
    leaf.prop_recursive(3, 16, 4, |inner| {
        let parts = prop::collection::vec(inner, 1..=4);
        prop_oneof![
            parts.clone().prop_map(Tree::All),
            parts.clone().prop_map(Tree::Any),
            parts.clone().prop_map(Tree::None),
            (parts, any::<prop::sample::Index>())
                .prop_map(|(parts, at)| Tree::AtLeast(at.index(parts.len()) + 1, parts)),
        ]
    })
}

impl Tree {
    /// As a document writes it.
    fn write(&self, text: &mut String, next: &mut u32) {
        let group = |text: &mut String, next: &mut u32, parts: &[Self]| {
            text.push('[');
            for part in parts {
                part.write(text, next);
                text.push(',');
            }
            text.push(']');
        };
        write!(text, "{{ id = \"c{next}\", kind = \"safety-exclusion\", text = \"t\", ").unwrap();
        *next += 1;
        match self {
            Self::Leaf { flag, is } => {
                write!(text, "requires = {{ fact = \"{}\", is = {is} }}", FLAGS[*flag]).unwrap();
            }
            Self::All(parts) => {
                text.push_str("all = ");
                group(text, next, parts);
            }
            Self::Any(parts) => {
                text.push_str("any = ");
                group(text, next, parts);
            }
            Self::None(parts) => {
                text.push_str("none = ");
                group(text, next, parts);
            }
            Self::AtLeast(count, parts) => {
                write!(text, "at-least = {{ count = {count}, of = ").unwrap();
                group(text, next, parts);
                text.push_str(" }");
            }
        }
        text.push_str(", CITE }");
    }

    /// Whether it holds, where everything is known.
    fn holds(&self, world: &[bool]) -> bool {
        let count = |parts: &[Self]| parts.iter().filter(|part| part.holds(world)).count();
        match self {
            Self::Leaf { flag, is } => world[*flag] == *is,
            Self::All(parts) => count(parts) == parts.len(),
            Self::Any(parts) => count(parts) > 0,
            Self::None(parts) => count(parts) == 0,
            Self::AtLeast(wanted, parts) => count(parts) >= *wanted,
        }
    }

    fn flags(&self, found: &mut Vec<usize>) {
        match self {
            Self::Leaf { flag, .. } => found.push(*flag),
            Self::All(parts) | Self::Any(parts) | Self::None(parts) | Self::AtLeast(_, parts) => {
                parts.iter().for_each(|part| part.flags(found));
            }
        }
    }
}

/// Every way the unknown flags may turn out.
fn worlds(known: &[Option<bool>]) -> Vec<Vec<bool>> {
    known.iter().fold(vec![Vec::new()], |worlds, flag| {
        let values: &[bool] = match flag {
            Some(true) => &[true],
            Some(false) => &[false],
            None => &[false, true],
        };
        worlds
            .iter()
            .flat_map(|world| values.iter().map(|value| world.iter().copied().chain([*value]).collect()))
            .collect()
    })
}

fn judged(tree: &Tree, known: &[Option<bool>]) -> FindingStatus {
    let mut text = String::from("criterion = [");
    tree.write(&mut text, &mut 0);
    text.push(']');
    let text = text.strip_prefix("criterion = [").unwrap().strip_suffix(']').unwrap();
    let mut request = request();
    request.facts =
        FLAGS.iter().zip(known).filter_map(|(code, value)| Some(fact(code, FactValue::Flag((*value)?)))).collect();
    let group = format!("[[criterion]]\nid = \"root\"\nkind = \"all\"\ntext = \"t\"\nall = [{text}]\nCITE\n");
    let answer = policies(&group).assess(&request).unwrap();
    answer.findings.into_iter().find(|finding| finding.id == "root").unwrap().status
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_group_is_known_only_where_every_turn_of_events_agrees(
        tree in tree(),
        known in prop::collection::vec(prop::option::of(any::<bool>()), FLAGS.len()),
    ) {
        let status = judged(&tree, &known);
        let outcomes: Vec<bool> = worlds(&known).iter().map(|world| tree.holds(world)).collect();
        let always = outcomes.iter().all(|holds| *holds);
        let never = !outcomes.iter().any(|holds| *holds);
        match status {
            FindingStatus::Met => prop_assert!(always),
            FindingStatus::Unmet => prop_assert!(never),
            FindingStatus::Unknown => {
                let mut flags = Vec::new();
                tree.flags(&mut flags);
                let count = flags.len();
                flags.sort_unstable();
                flags.dedup();
                // A fact read twice may settle the whole while each part is open: unknown is then the careful answer.
                prop_assert!(flags.len() < count || (!always && !never));
            }
            FindingStatus::NotApplicable => prop_assert!(false, "nothing here is conditional"),
        }
    }
}
