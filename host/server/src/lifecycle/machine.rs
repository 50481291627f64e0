//! How a version comes to answer: the steps that may follow one another. The store takes them one at a time, whoever asks.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where a proposal stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ProposalState {
    /// It waits for another person.
    Proposed,
    /// It is confirmed and waits for its time.
    Scheduled,
    /// The version answers, or did.
    Done,
    /// A person said no.
    Rejected,
    /// It could not be done when its time came.
    Failed,
}

impl ProposalState {
    /// Every state.
    pub const ALL: [Self; 5] = [Self::Proposed, Self::Scheduled, Self::Done, Self::Rejected, Self::Failed];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Proposed => "proposed",
            Self::Scheduled => "scheduled",
            Self::Done => "done",
            Self::Rejected => "rejected",
            Self::Failed => "failed",
        }
    }

    /// Where it stands after a person confirmed or rejected it. `None` when it waits for nobody. A person may still say no to
    /// what waits for its time.
    pub fn decided(self, is_confirmed: bool) -> Option<Self> {
        match (self, is_confirmed) {
            (Self::Proposed, true) => Some(Self::Scheduled),
            (Self::Proposed | Self::Scheduled, false) => Some(Self::Rejected),
            _ => None,
        }
    }
}

/// What became of an attempt to let a version answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Carried {
    /// It answers.
    Done,
    /// It is not confirmed, not due, or was dealt with already.
    NotNow,
    /// It cannot be done, and the proposal says so.
    Failed(String),
}

/// Whether the version of a proposal comes to answer, now that its time has come. `before` is what answered when it was
/// proposed, `active` what answers, `forbidden` why the version may not.
pub fn carried_out(
    state: ProposalState,
    before: Option<&str>,
    active: Option<&str>,
    forbidden: Option<String>,
) -> Carried {
    if state != ProposalState::Scheduled {
        return Carried::NotNow;
    }
    if active != before {
        return Carried::Failed("another version came to answer since it was proposed".to_owned());
    }
    forbidden.map_or(Carried::Done, Carried::Failed)
}

/// The digests one may roll back to, nearest first: what answered before the last, where rolling back undoes what was undone.
/// Each digest comes with whether it came by rolling back.
pub fn before_the_last(history: &[(String, bool)]) -> impl Iterator<Item = &str> {
    let mut standing: Vec<&str> = Vec::new();
    for (digest, is_rolled_back) in history {
        if *is_rolled_back && let Some(place) = standing.iter().rposition(|earlier| earlier == digest) {
            standing.truncate(place);
        }
        standing.push(digest);
    }
    let last = standing.pop();
    standing.into_iter().rev().filter(move |digest| Some(*digest) != last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rolling_back_goes_on_back_and_not_forth() {
        let targets = |history: &[(&str, bool)]| {
            let history: Vec<_> = history.iter().map(|(digest, back)| ((*digest).to_owned(), *back)).collect();
            before_the_last(&history).map(str::to_owned).collect::<Vec<_>>()
        };
        let (new, back) = (false, true);
        assert_eq!(targets(&[("a", new), ("b", new), ("c", new)]), ["b", "a"]);
        assert_eq!(targets(&[("a", new), ("b", new), ("c", new), ("b", back)]), ["a"]);
        assert_eq!(targets(&[("a", new), ("b", new), ("a", back)]), [""; 0]);
        assert_eq!(targets(&[("a", new), ("b", new), ("a", back), ("c", new)]), ["a"]);
        assert_eq!(targets(&[("a", new), ("b", new), ("a", back), ("b", new)]), ["a"]);
        assert_eq!(targets(&[]), [""; 0]);
    }

    #[test]
    fn a_proposal_is_decided_once_and_rejected_until_its_time() {
        use ProposalState::{Done, Failed, Proposed, Rejected, Scheduled};
        assert_eq!((Proposed.decided(true), Proposed.decided(false)), (Some(Scheduled), Some(Rejected)));
        assert_eq!((Scheduled.decided(true), Scheduled.decided(false)), (None, Some(Rejected)));
        for state in [Done, Rejected, Failed] {
            assert_eq!((state.decided(true), state.decided(false)), (None, None));
        }
    }
}
