//! Orders that keep coming while something goes wrong.

use std::collections::BTreeMap;
use std::sync::Mutex;

use crate::support::{case, meanwhile, try_send};

/// How many people ask at once.
const PEOPLE: usize = 4;

/// What was answered under load.
#[derive(Debug, Default)]
pub struct Answered {
    /// Answers of each status; 0 when there was none.
    pub statuses: BTreeMap<u16, usize>,
    /// The clearances that were acknowledged.
    pub acknowledged: Vec<String>,
}

impl Answered {
    /// That nothing else was answered than this.
    #[track_caller]
    pub fn only(&self, statuses: &[u16]) {
        assert!(self.statuses.keys().all(|status| statuses.contains(status)), "{:?}", self.statuses);
        assert!(!self.acknowledged.is_empty(), "nothing was cleared: {:?}", self.statuses);
    }
}

/// Clears orders at a host while `work` is done.
pub fn while_clearing(url: &str, work: impl FnOnce()) -> Answered {
    let body = case("04").to_string();
    let answered = Mutex::new(Answered::default());
    let ask = || {
        let headers = [("content-type", "application/json")];
        let answer = try_send(url, "POST", "/v1/clearances", &headers, body.as_bytes());
        let mut answered = answered.lock().unwrap();
        *answered.statuses.entry(answer.as_ref().map_or(0, |answer| answer.status)).or_default() += 1;
        if let Ok(answer) = answer {
            if answer.status == 201 {
                answered.acknowledged.push(answer.json()["id"].as_str().unwrap().to_owned());
            } else {
                assert_eq!(answer.header("content-type"), "application/problem+json");
            }
        }
    };
    meanwhile(PEOPLE, ask, work);
    answered.into_inner().unwrap()
}
