//! Identities at providers, in SQL.

use async_trait::async_trait;
use sea_orm::{DbErr, QueryResult, Value, prelude::Uuid};

use super::{
    SeaOrmStore,
    conditions::live_session,
    error::{overtaken, store_error},
    event,
    flow::{self, Offer},
    order,
    pool::Database,
    row::{column, user, user_columns},
    takeover,
    transaction::{Txn, run, transaction},
    user as users,
};
use crate::{
    clock::Timestamp,
    error::StoreError,
    event::Event,
    identity::{
        Assertion, Candidates, Identity, IdentityAdmission, IdentityId, IdentitySignIn,
        LinkIdentity, Linked, Linking, Local, Unlinked,
    },
    mail::Intent,
    store::IdentityStore,
    token::EndReason,
    user::{NewUser, User, UserId},
};

/// The columns that are selected from a user `u`.
macro_rules! local {
    () => {
        concat!(user_columns!("u."), ", u.credential_version")
    };
}

/// Selects the user that an identity is linked to and the user who has the address.
const CANDIDATES: &str = concat!(
    "SELECT ",
    local!(),
    ", TRUE AS is_linked \
    FROM auth_identities i JOIN auth_users u ON u.id = i.user_id WHERE i.issuer = $1 AND i.subject = $2 \
    UNION ALL SELECT ",
    local!(),
    ", FALSE AS is_linked FROM auth_users u WHERE u.email_canonical = $3"
);

/// Locks the affected users on Postgres, in a fixed order, so that no deadlock occurs. A second statement then reads
/// the users, and sees the writes that this statement waited for.
const HOLD: &str = "\
    SELECT id FROM auth_users WHERE id IN (\
        SELECT i.user_id FROM auth_identities i WHERE i.issuer = $1 AND i.subject = $2 \
        UNION ALL SELECT h.id FROM auth_users h WHERE h.email_canonical = $3) \
    ORDER BY id FOR UPDATE";

const TAKE_OVER: &str = concat!(
    "UPDATE auth_users SET password_hash = NULL, credential_version = credential_version + 1, \
        email_verified_at = $2, updated_at = $2, second_factors = 0, factor_version = factor_version + 1 \
    WHERE id = $1 RETURNING ",
    user_columns!(""),
    ", credential_version"
);

macro_rules! identity_columns {
    () => {
        "id, user_id, issuer, subject, provider, email, created_at"
    };
}

/// The column `unproven` is unused, but the previous version still reads it.
const INSERT: &str = concat!(
    "INSERT INTO auth_identities (id, user_id, issuer, subject, provider, email, unproven, created_at) \
    VALUES ($1, $2, $3, $4, $5, $6, FALSE, $7) ON CONFLICT (issuer, subject) DO NOTHING RETURNING ",
    identity_columns!()
);

const KNOWN: &str = concat!(
    "SELECT ",
    identity_columns!(),
    " FROM auth_identities WHERE issuer = $1 AND subject = $2"
);

macro_rules! identities {
    () => {
        concat!(
            "SELECT ",
            identity_columns!(),
            " FROM auth_identities WHERE user_id = $1 ORDER BY id"
        )
    };
}

const IDENTITIES: &str = identities!();

const LIST: &str = concat!(identities!(), " LIMIT 200");

const DELETE: &str = "DELETE FROM auth_identities WHERE id = $1";

const OF_LIVE_SESSION: &str = concat!(
    "SELECT u.id FROM auth_users u JOIN auth_sessions s ON s.user_id = u.id \
    WHERE u.id = $3 AND s.id = $1 AND ",
    live_session!()
);

/// Rewrites the user row instead of only locking it. A concurrent reset then finds the row changed, and looks for
/// identities again.
const OF_LIVE_SESSION_WRITTEN: &str = concat!(
    "UPDATE auth_users u SET updated_at = u.updated_at FROM auth_sessions s \
    WHERE u.id = $3 AND s.id = $1 AND s.user_id = u.id AND ",
    live_session!(),
    " RETURNING u.id"
);

macro_rules! has_password {
    ($lock:literal) => {
        concat!(
            "SELECT (password_hash IS NOT NULL) AS has_password FROM auth_users WHERE id = $1",
            $lock
        )
    };
}

const HAS_PASSWORD: &str = has_password!("");
const HAS_PASSWORD_LOCKED: &str = has_password!(" FOR UPDATE");

#[async_trait]
impl<D: Database> IdentityStore for SeaOrmStore<D> {
    async fn candidates(&self, assertion: &Assertion) -> Result<Candidates, StoreError> {
        let rows = self.read(CANDIDATES, whom(assertion)).await?;
        Ok(Found::of(&rows)
            .map_err(|error| store_error(&error))?
            .candidates())
    }

    async fn sign_in(&self, sign_in: &IdentitySignIn) -> Result<IdentityAdmission, StoreError> {
        transaction!(self, |txn| sign_in_within(txn, sign_in))
    }

    async fn link_identity(
        &self,
        link: &LinkIdentity,
        now: Timestamp,
        event: &Event,
        mail: Option<&Intent>,
    ) -> Result<Linked, StoreError> {
        transaction!(self, |txn| link_in(txn, (link, now), event, mail))
    }

    async fn identities(&self, user: UserId) -> Result<Vec<Identity>, StoreError> {
        let rows = self.read(LIST, [user.as_uuid().into()]).await?;
        rows.iter()
            .map(identity)
            .collect::<Result<_, _>>()
            .map_err(|error| store_error(&error))
    }

    async fn unlink_identity(
        &self,
        user: UserId,
        id: IdentityId,
        event: &Event,
    ) -> Result<Unlinked, StoreError> {
        transaction!(self, |txn| unlink_in(txn, user, id, event))
    }
}

/// The values of `$1` to `$3` in [`CANDIDATES`] and [`HOLD`].
fn whom(assertion: &Assertion) -> [Value; 3] {
    let email = assertion.email.as_ref();
    [
        assertion.issuer.as_str().into(),
        assertion.subject.as_str().into(),
        email.map(|email| email.canonical().to_owned()).into(),
    ]
}

/// The users that an assertion affects.
#[derive(Default)]
struct Found {
    linked: Option<Account>,
    holder: Option<Account>,
}

struct Account {
    user: User,
    credential_version: i64,
}

impl Account {
    fn admitted(self) -> (User, i64) {
        (self.user, self.credential_version)
    }
}

impl Found {
    fn of(rows: &[QueryResult]) -> Result<Self, DbErr> {
        let mut found = Self::default();
        for row in rows {
            let account = Some(Account {
                user: user(row)?,
                credential_version: column(row, "credential_version")?,
            });
            if column(row, "is_linked")? {
                found.linked = account;
            } else {
                found.holder = account;
            }
        }
        Ok(found)
    }

    fn candidates(&self) -> Candidates {
        let local = |found: &Option<Account>| {
            let account = found.as_ref()?;
            Some(Local::new(&account.user))
        };
        Candidates {
            linked: local(&self.linked),
            holder: local(&self.holder),
        }
    }

    fn users(&self) -> impl Iterator<Item = &User> {
        self.linked
            .iter()
            .chain(&self.holder)
            .map(|account| &account.user)
    }
}

/// Reads the affected users, and locks them until this transaction ends.
async fn hold(txn: &Txn<'_>, assertion: &Assertion) -> Result<Found, DbErr> {
    if !txn.is_postgres() {
        return Found::of(&run(txn, CANDIDATES, whom(assertion)).await?);
    }
    let rows = run(txn, HOLD, whom(assertion)).await?;
    let held = rows
        .iter()
        .map(|row| column(row, "id"))
        .collect::<Result<Vec<Uuid>, DbErr>>()?;
    let found = Found::of(&run(txn, CANDIDATES, whom(assertion)).await?)?;
    if found.users().any(|user| !held.contains(&user.id.as_uuid())) {
        return Err(overtaken());
    }
    Ok(found)
}

async fn sign_in_within(
    txn: &Txn<'_>,
    sign_in: &IdentitySignIn,
) -> Result<IdentityAdmission, DbErr> {
    let IdentitySignIn { assertion, now, .. } = sign_in;
    let found = hold(txn, assertion).await?;
    let linking = assertion.resolve(&found.candidates());
    let (user, credential_version) = match (linking, &sign_in.new_user) {
        (Linking::Refuse(refusal), _) => return Ok(IdentityAdmission::Refused(refusal)),
        (Linking::Create, None) => return Ok(IdentityAdmission::NoAccount),
        (Linking::Create, Some(new)) => (create(txn, new).await?, 0),
        (Linking::TakeOver(user), _) => take_over(txn, user, *now).await?,
        (Linking::SignIn(_), _) => found.linked.ok_or_else(overtaken)?.admitted(),
        (Linking::Join(_), _) => found.holder.ok_or_else(overtaken)?.admitted(),
    };
    if !matches!(linking, Linking::SignIn(_)) {
        let offer = Offer::from(assertion);
        insert(txn, (sign_in.identity, user.id), &offer, *now)
            .await?
            .ok_or_else(overtaken)?;
    }
    let mail = match linking {
        Linking::Join(_) => sign_in.joined.as_ref(),
        Linking::Create if user.email_verified_at.is_none() => sign_in.verification.as_ref(),
        _ => None,
    };
    order::insert(txn, mail, Some(user.id)).await?;
    let events = sign_in.events(linking, user.id);
    flow::keep_code(txn, &sign_in.code, (&user, credential_version), &events).await?;
    Ok(IdentityAdmission::Admitted(user, events))
}

async fn create(txn: &Txn<'_>, new: &NewUser) -> Result<User, DbErr> {
    run(txn, users::INSERT, users::insert_values(new))
        .await?
        .first()
        .ok_or_else(overtaken)?;
    Ok(new.to_user())
}

async fn take_over(txn: &Txn<'_>, id: UserId, now: Timestamp) -> Result<(User, i64), DbErr> {
    let rows = run(txn, TAKE_OVER, [id.as_uuid().into(), now.into()]).await?;
    let row = rows.first().ok_or_else(overtaken)?;
    takeover::wipe(txn, id, EndReason::TakenOver, now).await?;
    Ok((user(row)?, column(row, "credential_version")?))
}

/// Links the offered identity to a user; `None` if it is already linked.
async fn insert(
    txn: &Txn<'_>,
    (id, user): (IdentityId, UserId),
    offer: &Offer,
    now: Timestamp,
) -> Result<Option<Identity>, DbErr> {
    let values = [
        id.as_uuid().into(),
        user.as_uuid().into(),
        offer.issuer.as_str().into(),
        offer.subject.as_str().into(),
        offer.provider.as_str().into(),
        offer.email.clone().into(),
        now.into(),
    ];
    let rows = run(txn, INSERT, values).await?;
    rows.first().map(identity).transpose()
}

async fn link_in(
    txn: &Txn<'_>,
    (link, now): (&LinkIdentity, Timestamp),
    event: &Event,
    mail: Option<&Intent>,
) -> Result<Linked, DbErr> {
    let sql = if txn.is_postgres() {
        OF_LIVE_SESSION_WRITTEN
    } else {
        OF_LIVE_SESSION
    };
    let user = link.user_id;
    let session = link.session_id.as_uuid();
    let values = [session.into(), now.into(), user.as_uuid().into()];
    if run(txn, sql, values).await?.is_empty() {
        return Ok(Linked::Gone);
    }
    let Some(offer) = flow::use_offer(txn, &link.code, &link.challenge, now).await? else {
        return Ok(Linked::BadCode);
    };
    if let Some(identity) = insert(txn, (link.id, user), &offer, now).await? {
        event::insert(txn, &identity.noted_on(event), Some(user)).await?;
        order::insert(txn, mail, Some(user)).await?;
        return Ok(Linked::Linked(identity));
    }
    let rows = run(txn, KNOWN, [offer.issuer.into(), offer.subject.into()]).await?;
    let known = rows.first().ok_or_else(overtaken)?;
    Ok(if column::<Uuid>(known, "user_id")? == user.as_uuid() {
        Linked::Known(identity(known)?)
    } else {
        Linked::Taken
    })
}

async fn unlink_in(
    txn: &Txn<'_>,
    user: UserId,
    id: IdentityId,
    event: &Event,
) -> Result<Unlinked, DbErr> {
    let sql = if txn.is_postgres() {
        HAS_PASSWORD_LOCKED
    } else {
        HAS_PASSWORD
    };
    let rows = run(txn, sql, [user.as_uuid().into()]).await?;
    let has_password = rows
        .first()
        .map(|row| column::<bool>(row, "has_password"))
        .transpose()?
        .unwrap_or_default();
    let rows = run(txn, IDENTITIES, [user.as_uuid().into()]).await?;
    let own = rows
        .iter()
        .map(identity)
        .collect::<Result<Vec<Identity>, DbErr>>()?;
    if !own.iter().any(|identity| identity.id == id) {
        return Ok(Unlinked::NotFound);
    }
    if !has_password && own.len() == 1 {
        return Ok(Unlinked::LastCredential);
    }
    run(txn, DELETE, [id.as_uuid().into()]).await?;
    event::insert(txn, event, Some(user)).await?;
    Ok(Unlinked::Unlinked)
}

pub(super) fn identity(row: &QueryResult) -> Result<Identity, DbErr> {
    Ok(Identity {
        id: column::<Uuid>(row, "id")?.into(),
        provider: column(row, "provider")?,
        issuer: column(row, "issuer")?,
        subject: column(row, "subject")?,
        email: column(row, "email")?,
        created_at: column(row, "created_at")?,
    })
}
