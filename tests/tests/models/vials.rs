//! Vials, units and waste. The model opens vials and bills units one at a time.

use paratope_sdk::product::PlanRequest;
use proptest::prelude::*;

use crate::{day, labels};

/// The least that is left over, and the fewest vials that leave so little, among all ways to open them.
fn best(sizes: &[u32], dose: u32) -> (u32, u32) {
    fn open(sizes: &[u32], dose: u32, total: u32, vials: u32, best: &mut (u32, u32)) {
        if total >= dose {
            *best = (*best).min((total - dose, vials));
            return;
        }
        for size in sizes {
            open(sizes, dose, total + size, vials + 1, best);
        }
    }
    let mut found = (u32::MAX, u32::MAX);
    open(sizes, dose, 0, 0, &mut found);
    found
}

/// Units of `size` that `amount` begins, and those that it fills.
fn units(amount: u32, size: u32) -> (u32, u32) {
    let (mut begun, mut filled) = (0, 0);
    while begun * size < amount {
        begun += 1;
    }
    while (filled + 1) * size <= amount {
        filled += 1;
    }
    (begun, filled)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Amounts in tenths of a milligram.
    #[test]
    fn the_fewest_vials_that_waste_least_are_opened_and_billed_exactly(
        sizes in prop::collection::btree_set(15_u32..80, 1..4),
        dose in 1_u32..120,
        unit in 1_u32..30,
        single in any::<bool>(),
    ) {
        let sizes: Vec<u32> = sizes.into_iter().collect();
        let tenths = |amount: u32| format!("\"{}.{}\"", amount / 10, amount % 10);
        let container = if single { "single-dose" } else { "multi-dose" };
        let vials: String = sizes
            .iter()
            .map(|size| {
                let content = tenths(*size);
                format!("[[presentation]]\nid = \"v{size}\"\nstrength = \"t\"\ncontent = {content}\nunit = \"mg\"\ncontainer = \"{container}\"\nCITE\n")
            })
            .collect();
        let labels = labels(&format!(
            r#"{vials}[[code]]
role = "drug"
system = "hcpcs"
code = "J9999"
per-unit = {}
unit = "mg"
first = "2026-01-01"
text = "t"
CITE
[[regimen]]
id = "it"
text = "Once"
until = "progression"
phase = [{{ id = "once", kind = "maintenance", text = "t", at = {{ days = [1] }}, amount = {{ unit = "mg", fixed = {} }} }}]
CITE
"#,
            tenths(unit),
            tenths(dose),
        ));
        let request = PlanRequest {
            indication: "use".to_owned(),
            regimen: "it".to_owned(),
            start: day(0),
            doses: 1,
            facts: Vec::new(),
        };
        let planned = labels.plan(&request).unwrap().doses.remove(0);
        let content = |id: &str| id.strip_prefix('v').unwrap().parse::<u32>().unwrap();
        let opened: u32 = planned.vials.iter().map(|vial| content(&vial.presentation) * vial.count).sum();
        let count: u32 = planned.vials.iter().map(|vial| vial.count).sum();
        prop_assert!(opened >= dose);
        prop_assert_eq!((opened - dose, count), best(&sizes, dose));
        let billing = planned.billing.unwrap();
        let (begun, _) = units(dose, unit);
        let (_, filled) = units(opened, unit);
        prop_assert_eq!(billing.units, begun);
        prop_assert_eq!(billing.discarded_units, if single { filled.saturating_sub(begun) } else { 0 });
    }
}
