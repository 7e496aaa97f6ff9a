//! The outcome of a sign-in with a provider: sign in, join, take over, create or refuse.

use super::Assertion;
use crate::user::{User, UserId, UserStatus};

/// The accounts that match an assertion, read at one point in time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "a host's own store builds it")]
pub struct Candidates {
    /// The account that the identity is linked to.
    pub linked: Option<Local>,
    /// The account that has the address.
    pub holder: Option<Local>,
}

/// The account properties that matter for linking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "a host's own store builds it")]
pub struct Local {
    /// The account's user.
    pub user_id: UserId,
    /// Whether the account is active.
    pub active: bool,
    /// Whether the account's address is verified, here or by a provider that is trusted for it.
    pub verified: bool,
}

impl Local {
    /// This user's account. Whether its address is verified depends only on the account, not on its identities.
    #[must_use]
    pub fn new(user: &User) -> Self {
        Self {
            user_id: user.id,
            active: user.status == UserStatus::Active,
            verified: user.email_verified_at.is_some(),
        }
    }
}

/// The decision about a sign-in with a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(
    clippy::exhaustive_enums,
    reason = "a new outcome would change the contract"
)]
pub enum Linking {
    /// The identity is already linked to this user, who signs in, regardless of the address.
    SignIn(UserId),
    /// The identity is linked to the account, because the address is verified both in the account
    /// and by the assertion.
    Join(UserId),
    /// The account has an unverified address. The account's credentials are deleted, and the user
    /// who has proven the address takes over the account.
    TakeOver(UserId),
    /// The address is free, so an account is created, if registration allows it. The address is verified if the
    /// assertion [proves](Assertion::proves) it.
    Create,
    /// The sign-in is refused.
    Refuse(LinkRefusal),
}

/// The reason why a sign-in with a provider is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(
    clippy::exhaustive_enums,
    reason = "a new outcome would change the contract"
)]
pub enum LinkRefusal {
    /// The account is disabled.
    AccountDisabled,
    /// The provider is not trusted for the address, so the user has to sign in another way first, and then link the
    /// identity.
    LinkRequired,
}

impl Assertion {
    /// Decides the outcome of the sign-in.
    ///
    /// | identity | address in this service | [proven](Self::proves) by the assertion | outcome |
    /// |---|---|---|---|
    /// | linked to an active account | any | any | [`SignIn`](Linking::SignIn) |
    /// | linked to a disabled account | any | any | [`AccountDisabled`](LinkRefusal::AccountDisabled) |
    /// | new | free | any | [`Create`](Linking::Create) |
    /// | new | of an active account, verified | yes | [`Join`](Linking::Join) |
    /// | new | of an active account, unverified | yes | [`TakeOver`](Linking::TakeOver) |
    /// | new | of a disabled account | yes | [`AccountDisabled`](LinkRefusal::AccountDisabled) |
    /// | new | of an account | no | [`LinkRequired`](LinkRefusal::LinkRequired) |
    /// | new | none | | [`LinkRequired`](LinkRefusal::LinkRequired) |
    #[must_use]
    pub fn resolve(&self, candidates: &Candidates) -> Linking {
        if let Some(linked) = candidates.linked {
            return if linked.active {
                Linking::SignIn(linked.user_id)
            } else {
                Linking::Refuse(LinkRefusal::AccountDisabled)
            };
        }
        match candidates.holder {
            None if self.email.is_some() => Linking::Create,
            Some(holder) if self.proves() => match (holder.active, holder.verified) {
                (false, _) => Linking::Refuse(LinkRefusal::AccountDisabled),
                (true, true) => Linking::Join(holder.user_id),
                (true, false) => Linking::TakeOver(holder.user_id),
            },
            _ => Linking::Refuse(LinkRefusal::LinkRequired),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{Clock as _, SystemClock};

    fn assertion(has_email: bool, email_verified: bool, trusted: bool) -> Assertion {
        Assertion {
            provider: "idp".to_owned(),
            issuer: "https://idp.example.org".to_owned(),
            subject: "1".to_owned(),
            email: has_email.then(|| "ann@example.org".parse().unwrap()),
            email_verified,
            trusted,
            display_name: None,
        }
    }

    /// `None`, and one account for each combination of properties.
    fn locals() -> Vec<Option<Local>> {
        let mut locals = vec![None];
        for active in [true, false] {
            for verified in [true, false] {
                locals.push(Some(Local {
                    user_id: UserId::new(SystemClock.now()),
                    active,
                    verified,
                }));
            }
        }
        locals
    }

    /// The rules that apply in every case, written independently of the code.
    #[test]
    fn a_decision_never_exceeds_its_proof() {
        const BITS: [bool; 2] = [true, false];
        for has_email in BITS {
            for email_verified in BITS {
                for trusted in BITS {
                    let assertion = assertion(has_email, email_verified, trusted);
                    let is_proven = has_email && email_verified && trusted;
                    assert_eq!(assertion.proves(), is_proven);
                    for linked in locals() {
                        // If the assertion has no address, no account can have that address.
                        let holders = locals().into_iter().filter(|h| has_email || h.is_none());
                        for holder in holders {
                            let candidates = Candidates { linked, holder };
                            let resolved = assertion.resolve(&candidates);
                            let case = format!("{assertion:?} {candidates:?} {resolved:?}");
                            match resolved {
                                Linking::SignIn(user) => {
                                    let linked = linked.expect(&case);
                                    assert!(linked.user_id == user && linked.active, "{case}");
                                }
                                Linking::Join(user) => {
                                    let holder = holder.expect(&case);
                                    assert!(holder.active && holder.verified, "{case}");
                                    assert!(linked.is_none() && holder.user_id == user, "{case}");
                                    assert!(is_proven, "{case}");
                                }
                                Linking::TakeOver(user) => {
                                    let holder = holder.expect(&case);
                                    assert!(holder.active && !holder.verified, "{case}");
                                    assert!(linked.is_none() && holder.user_id == user, "{case}");
                                    assert!(is_proven, "{case}");
                                }
                                Linking::Create => {
                                    assert!(linked.is_none() && holder.is_none(), "{case}");
                                    assert!(has_email, "{case}");
                                }
                                Linking::Refuse(LinkRefusal::AccountDisabled) => {
                                    let told = match linked {
                                        Some(linked) => !linked.active,
                                        None => is_proven && !holder.expect(&case).active,
                                    };
                                    assert!(told, "{case}");
                                }
                                Linking::Refuse(LinkRefusal::LinkRequired) => {
                                    assert!(linked.is_none(), "{case}");
                                    let owed = is_proven || (has_email && holder.is_none());
                                    assert!(!owed, "{case}");
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}
