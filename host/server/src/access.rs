//! Who asks, and what they may: a person with one role, and for the roles of a site the sites it is for.
//!
//! Over HTTP a person shows a token. Whoever can open the store from the command line is not asked: they could read and
//! change the file as well.

use std::collections::BTreeSet;
use std::str::FromStr;

use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::hex;

/// What a person is to this host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Runs the host: plugins, publishers, tokens. Reads nothing about patients.
    Platform,
    /// Keeps payers' policies: publishes, proposes and confirms.
    PolicyManager,
    /// Treats patients at its sites: clears and plans.
    SiteClinician,
    /// Answers for its sites: profile and approvals.
    SiteAdministrator,
    /// Reads everything, changes nothing.
    Auditor,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 5] =
        [Self::Platform, Self::PolicyManager, Self::SiteClinician, Self::SiteAdministrator, Self::Auditor];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Platform => "platform",
            Self::PolicyManager => "policy-manager",
            Self::SiteClinician => "site-clinician",
            Self::SiteAdministrator => "site-administrator",
            Self::Auditor => "auditor",
        }
    }

    /// Whether it is a role at some sites, not everywhere.
    pub fn is_of_sites(self) -> bool {
        matches!(self, Self::SiteClinician | Self::SiteAdministrator)
    }
}

impl FromStr for Role {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let names = Self::ALL.map(Self::name).join(", ");
        let found = Self::ALL.into_iter().find(|role| role.name() == text);
        found.ok_or_else(|| format!("no role has this name; there are {names}"))
    }
}

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The name events tell of them.
    pub name: String,
    /// What they are. `None`: they hold the store in their hands.
    role: Option<Role>,
    sites: BTreeSet<String>,
    /// Who issued the token they showed.
    issued_by: Option<String>,
}

impl Caller {
    /// Who holds the store in their hands.
    pub fn local(name: &str) -> Self {
        Self { name: name.to_owned(), role: None, sites: BTreeSet::new(), issued_by: None }
    }

    /// Who showed nothing and may have what everyone may.
    pub fn nobody() -> Self {
        Self { name: "unknown".to_owned(), role: Some(Role::SiteClinician), sites: BTreeSet::new(), issued_by: None }
    }

    /// The owner of a token.
    pub fn of(token: &Token) -> Self {
        Self {
            name: token.person.clone(),
            role: Some(token.role),
            sites: token.sites.clone(),
            issued_by: token.issued_by.clone(),
        }
    }

    /// Someone an OpenID provider vouches for.
    pub fn vouched_for(name: &str, role: Role, sites: BTreeSet<String>) -> Self {
        Self { name: name.to_owned(), role: Some(role), sites, issued_by: None }
    }

    /// Whether they have one of these roles.
    pub fn is_any(&self, roles: &[Role]) -> bool {
        self.role.is_none_or(|role| roles.contains(&role))
    }

    /// The sites their role is for. `None` when it is for all.
    pub fn sites(&self) -> Option<&BTreeSet<String>> {
        self.role.is_some_and(Role::is_of_sites).then_some(&self.sites)
    }

    /// Whether their role is for this site.
    pub fn is_at(&self, site: &str) -> bool {
        self.sites().is_none_or(|sites| sites.contains(site))
    }
}

/// The names behind which one person could be: their own, that of whoever issued their token, and those of whom they issued
/// one to, revoked or not.
#[derive(Debug)]
pub struct Oneself(Vec<String>);

impl Oneself {
    /// The names behind which whoever asks could be.
    pub fn new(caller: &Caller, tokens: &[Token]) -> Self {
        let issued = tokens.iter().filter(|token| {
            let issuer = token.issued_by.as_ref();
            issuer.is_some_and(|issuer| same_person(issuer, &caller.name))
        });
        let puppets = issued.map(|token| token.person.clone());
        Self([caller.name.clone()].into_iter().chain(caller.issued_by.clone()).chain(puppets).collect())
    }

    /// Whether this name is one of them.
    pub fn is(&self, name: &str) -> bool {
        self.0.iter().any(|own| same_person(own, name))
    }
}

/// A token as the store knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Token {
    /// Its id, which is not the token.
    pub id: String,
    /// Whose it is.
    pub person: String,
    /// What they are.
    pub role: Role,
    /// The sites, for the roles of a site.
    pub sites: BTreeSet<String>,
    /// When it was issued, RFC 3339.
    pub issued_at: String,
    /// Until when it opens, RFC 3339.
    pub expires_at: String,
    /// Since when it opens nothing.
    pub revoked_at: Option<String>,
    /// Who issued it. The oldest tokens do not tell.
    pub issued_by: Option<String>,
}

impl Token {
    /// Why it does not open at `now`. `None` when it does.
    pub fn refused(&self, now: Timestamp) -> Option<&'static str> {
        if self.revoked_at.is_some() {
            return Some("revoked-token");
        }
        match self.expires_at.parse::<Timestamp>() {
            Ok(expires) if now < expires => None,
            _ => Some("expired-token"),
        }
    }
}

/// A token to be issued.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct NewToken {
    /// Whose it is: a name that events will tell. Not a patient's.
    pub person: String,
    /// What they are.
    pub role: Role,
    /// The sites, for the roles of a site.
    #[serde(default)]
    pub sites: BTreeSet<String>,
    /// For how many days it opens: 1 to 366.
    #[serde(default = "NewToken::usual_days")]
    pub days: u16,
}

impl NewToken {
    /// Days when nothing is said.
    fn usual_days() -> u16 {
        90
    }

    /// What is wrong with it: where, and what is expected.
    pub fn problem(&self) -> Option<(&'static str, &'static str)> {
        if !is_person(&self.person) {
            return Some(("/person", "a person has a name of 1 to 100 characters"));
        }
        if self.role.is_of_sites() == self.sites.is_empty() {
            return Some(("/sites", "the roles of a site are for at least one, the others for none"));
        }
        if !(1..=366).contains(&self.days) {
            return Some(("/days", "a token opens for 1 to 366 days"));
        }
        None
    }

    /// The token as it will be known, and until when it opens.
    pub fn issued(self, id: String, by: &str, now: Timestamp) -> Token {
        let until = now.saturating_add(SignedDuration::from_hours(24 * i64::from(self.days))).unwrap_or(Timestamp::MAX);
        Token {
            id,
            person: self.person,
            role: self.role,
            sites: self.sites,
            issued_at: now.to_string(),
            expires_at: until.to_string(),
            revoked_at: None,
            issued_by: Some(by.to_owned()),
        }
    }
}

/// Whether events can tell of a person by this name.
pub fn is_person(name: &str) -> bool {
    (1..=100).contains(&name.chars().count()) && !name.chars().any(char::is_control) && name.trim() == name
}

/// Whether two names are one person's: `Ana`, `ana` and `local:ana` are, and `ana (local:root)` is who `ana` is.
pub fn same_person(one: &str, other: &str) -> bool {
    let plain = |name: &str| {
        let name = name.split_once(" (").map_or(name, |(name, _)| name);
        name.strip_prefix("local:").unwrap_or(name).to_lowercase()
    };
    plain(one) == plain(other)
}

/// What a person shows: it begins so, and 64 digits follow.
pub const PREFIX: &str = "paratope_";

/// Draws a new secret.
pub fn draw() -> anyhow::Result<String> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)?;
    Ok(format!("{PREFIX}{}", hex::encode(&bytes)))
}

/// What the store knows of a secret. It is drawn from 2^256, so that a plain hash is enough.
pub fn hash(secret: &str) -> String {
    hex::encode(&Sha256::digest(secret))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token() -> NewToken {
        let sites = BTreeSet::from(["riverbend".to_owned()]);
        NewToken { person: "r.okafor".to_owned(), role: Role::SiteClinician, sites, days: 1 }
    }

    #[test]
    fn a_role_of_a_site_is_for_its_sites_only() {
        let issued = token().issued("1".to_owned(), "p", Timestamp::UNIX_EPOCH);
        let caller = Caller::of(&issued);
        assert!(caller.is_at("riverbend") && !caller.is_at("northgate"));
        assert!(caller.is_any(&[Role::SiteClinician]) && !caller.is_any(&[Role::Platform, Role::Auditor]));
        let auditor = Caller::of(&Token { role: Role::Auditor, sites: BTreeSet::new(), ..issued });
        assert!(auditor.is_at("riverbend") && auditor.is_at("northgate"));
        assert!(Caller::local("local").is_any(&[Role::Platform]) && Caller::local("local").is_at("northgate"));
    }

    #[test]
    fn one_person_by_several_names_is_one_person() {
        assert!(same_person("Ana", "ana") && same_person("local:ana", "ana") && same_person("ana (local:root)", "Ana"));
        assert!(!same_person("ana", "anna") && !same_person("local:ana", "local:bob"));
        let token = token().issued("1".to_owned(), "local:p", Timestamp::UNIX_EPOCH);
        let owner = Oneself::new(&Caller::of(&token), std::slice::from_ref(&token));
        assert!(owner.is("R.Okafor") && owner.is("P") && !owner.is("a.lindqvist"));
        let issuer = Oneself::new(&Caller::local("P"), std::slice::from_ref(&token));
        assert!(issuer.is("r.okafor") && issuer.is("p") && !issuer.is("a.lindqvist"));
        let another = Oneself::new(&Caller::local("a.lindqvist"), &[token]);
        assert!(!another.is("r.okafor") && !another.is("p"));
    }

    #[test]
    fn a_token_opens_until_it_expires_or_is_revoked() {
        let token = token().issued("1".to_owned(), "p", Timestamp::UNIX_EPOCH);
        let at = |second: i64| Timestamp::from_second(second).unwrap();
        assert_eq!(token.refused(at(86_399)), None);
        assert_eq!(token.refused(at(86_400)), Some("expired-token"));
        let revoked = Token { revoked_at: Some(String::new()), ..token };
        assert_eq!(revoked.refused(at(0)), Some("revoked-token"));
    }

    #[test]
    fn what_is_wrong_with_a_token_is_told() {
        assert_eq!(token().problem(), None);
        let pointer = |token: NewToken| token.problem().map(|(pointer, _)| pointer);
        assert_eq!(pointer(NewToken { person: String::new(), ..token() }), Some("/person"));
        assert_eq!(pointer(NewToken { person: "a\u{1b}".to_owned(), ..token() }), Some("/person"));
        assert_eq!(pointer(NewToken { sites: BTreeSet::new(), ..token() }), Some("/sites"));
        assert_eq!(pointer(NewToken { role: Role::Auditor, ..token() }), Some("/sites"));
        assert_eq!(pointer(NewToken { days: 0, ..token() }), Some("/days"));
        assert_eq!(pointer(NewToken { days: 367, ..token() }), Some("/days"));
    }

    #[test]
    fn secrets_differ_and_are_known_by_hash() {
        let (one, other) = (draw().unwrap(), draw().unwrap());
        assert!(one != other && one.starts_with(PREFIX) && one.len() == PREFIX.len() + 64);
        assert!(hash(&one) != hash(&other) && !hash(&one).contains(&one[PREFIX.len()..]));
    }
}
