//! OAuth flows and their codes, in SQL.

use async_trait::async_trait;
use sea_orm::{DbErr, QueryResult, Value, prelude::Uuid};
use serde::{Deserialize, Serialize};

use super::{
    SeaOrmStore,
    browser_session::{authentication_columns, cookie_values, from_session_of_cookie},
    conditions::live_session,
    error::{store_error, unreadable},
    event::{self, events, record},
    pool::Database,
    row::{bytes, column, credential_columns, credentials, digest, methods, parsed, user_columns},
    transaction::{Txn, run, transaction},
};
use crate::{
    clock::Timestamp,
    error::StoreError,
    event::Event,
    identity::{Assertion, CodeChallenge, Flow, FlowProof, NewCode, NewFlow, Redeemed},
    secret::TokenDigest,
    store::FlowStore,
    token::{EarlierSignIn, PresentedCookie},
    user::User,
};

const BEGIN: &str = "\
    INSERT INTO auth_oauth_flows (state, binding, provider, intent, redirect_to, app_state, challenge, created_at, \
        expires_at) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";

const TAKE: &str = "\
    UPDATE auth_oauth_flows SET taken_at = $3 \
    WHERE state = $1 AND binding = $2 AND taken_at IS NULL AND expires_at > $3 \
    RETURNING state AS digest, provider, intent, redirect_to, app_state, challenge";

macro_rules! keep {
    () => {
        "UPDATE auth_oauth_flows SET code = $2, code_expires_at = $3, code_used_at = NULL, user_id = $4, \
            credential_version = $5, assertion = NULL \
        WHERE state = $1"
    };
}

const KEEP: &str = keep!();
const KEEP_RECORDED: &str = concat!("WITH kept AS (", keep!(), ") ", record!("$6", "$4"));

const OFFER: &str = "\
    UPDATE auth_oauth_flows SET code = $2, code_expires_at = $3, code_used_at = NULL, user_id = NULL, \
        credential_version = NULL, assertion = $4 \
    WHERE state = $1";

/// Copies the authentication from the session, so that the code keeps the authentication that the cookie represents
/// now. The flow is stored as already taken, because no provider redirects a browser back to it.
const ISSUE: &str = concat!(
    "INSERT INTO auth_oauth_flows (state, binding, provider, intent, redirect_to, app_state, challenge, created_at, \
        expires_at, taken_at, code, code_expires_at, user_id, credential_version, factor_version, session_id, \
        authenticated_at, methods, second_factor_at) \
    SELECT $5, $6, $7, $8, $9, $10, $11, $12, $13, $2, $14, $15, u.id, s.credential_version, u.factor_version, s.id, ",
    authentication_columns!(),
    from_session_of_cookie!(),
    " RETURNING state"
);

/// Selects the user of a valid code `$1` with the challenge `$3`. A code from a browser session needs that session.
macro_rules! redeemable {
    ($lock:literal) => {
        concat!(
            "SELECT ",
            user_columns!("u."),
            ", ",
            credential_columns!(),
            ", f.provider, f.authenticated_at, f.methods, f.second_factor_at, \
            f.factor_version AS issued_factor_version, f.session_id \
            FROM auth_oauth_flows f JOIN auth_users u ON u.id = f.user_id \
            WHERE f.code = $1 AND f.challenge = $3 AND f.code_used_at IS NULL AND f.code_expires_at > $2 \
                AND u.status = 'active' AND u.credential_version = f.credential_version \
                AND (f.session_id IS NULL OR EXISTS (SELECT 1 FROM auth_sessions s WHERE s.id = f.session_id AND ",
            live_session!(),
            "))",
            $lock
        )
    };
}

const REDEEMABLE: &str = redeemable!("");
const USE: &str = "UPDATE auth_oauth_flows SET code_used_at = $2 WHERE code = $1";

/// Locks the user row first, so that the statement waits for a concurrent reset and then sees its
/// changes. Only one statement can use the code.
const REDEEM: &str = concat!(
    "WITH redeemable AS (",
    redeemable!(" FOR SHARE OF u"),
    "), used AS (\
        UPDATE auth_oauth_flows f SET code_used_at = $2 FROM redeemable \
        WHERE f.code = $1 AND f.code_used_at IS NULL RETURNING f.state\
    ) SELECT redeemable.* FROM redeemable JOIN used ON TRUE"
);

const USE_OFFER: &str = "\
    UPDATE auth_oauth_flows SET code_used_at = $3 \
    WHERE code = $1 AND challenge = $2 AND code_used_at IS NULL AND code_expires_at > $3 AND assertion IS NOT NULL \
    RETURNING assertion";

/// The identity to be linked, as stored with a code.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Offer {
    pub(super) provider: String,
    pub(super) issuer: String,
    pub(super) subject: String,
    pub(super) email: Option<String>,
}

impl From<&Assertion> for Offer {
    fn from(assertion: &Assertion) -> Self {
        let email = assertion.email.as_ref();
        Self {
            provider: assertion.provider.clone(),
            issuer: assertion.issuer.clone(),
            subject: assertion.subject.clone(),
            email: email.map(|email| email.as_str().to_owned()),
        }
    }
}

#[async_trait]
impl<D: Database> FlowStore for SeaOrmStore<D> {
    async fn begin_flow(&self, new: &NewFlow) -> Result<(), StoreError> {
        self.write(BEGIN, flow_values(new)).await.map(drop)
    }

    async fn take_flow(
        &self,
        state: &TokenDigest,
        binding: &TokenDigest,
        now: Timestamp,
    ) -> Result<Option<Flow>, StoreError> {
        let values = [bytes(state), bytes(binding), now.into()];
        let rows = self.write(TAKE, values).await?;
        rows.first()
            .map(flow)
            .transpose()
            .map_err(|error| store_error(&error))
    }

    async fn offer_identity(
        &self,
        code: &NewCode,
        assertion: &Assertion,
    ) -> Result<(), StoreError> {
        let offer = serde_json::to_value(Offer::from(assertion))
            .map_err(|error| StoreError::Corrupt(error.into()))?;
        let values = [
            bytes(&code.flow),
            bytes(&code.digest),
            code.expires_at.into(),
            offer.into(),
        ];
        self.write(OFFER, values).await.map(drop)
    }

    async fn issue_code(
        &self,
        cookie: &PresentedCookie,
        new: &NewFlow,
        code: &NewCode,
    ) -> Result<bool, StoreError> {
        let [session, now, user, digest] = cookie_values(cookie, new.created_at);
        let [f1, f2, f3, f4, f5, f6, f7, f8, f9] = flow_values(new);
        let (code, end) = (bytes(&code.digest), code.expires_at.into());
        let values = [
            session, now, user, digest, f1, f2, f3, f4, f5, f6, f7, f8, f9, code, end,
        ];
        let rows = self.write(ISSUE, values).await?;
        Ok(!rows.is_empty())
    }

    async fn redeem_code(
        &self,
        code: &TokenDigest,
        challenge: &CodeChallenge,
        now: Timestamp,
    ) -> Result<Option<Redeemed>, StoreError> {
        let values = || -> [Value; 3] { [bytes(code), now.into(), challenge.as_str().into()] };
        let rows = if self.is_postgres() {
            self.write(REDEEM, values()).await?
        } else {
            transaction!(self, |txn| async {
                let rows = run(txn, REDEEMABLE, values()).await?;
                if !rows.is_empty() {
                    run(txn, USE, [bytes(code), now.into()]).await?;
                }
                Ok::<_, DbErr>(rows)
            })?
        };
        rows.first()
            .map(redeemed)
            .transpose()
            .map_err(|error| store_error(&error))
    }
}

/// The values of `$1` to `$9` in [`BEGIN`], and of `$5` to `$13` in [`ISSUE`].
fn flow_values(new: &NewFlow) -> [Value; 9] {
    let flow = &new.flow;
    [
        bytes(&flow.state),
        bytes(&new.binding),
        flow.provider.as_str().into(),
        flow.intent.as_str().into(),
        flow.redirect_to.as_str().into(),
        flow.app_state.clone().into(),
        flow.challenge.as_str().into(),
        new.created_at.into(),
        new.expires_at.into(),
    ]
}

fn flow(row: &QueryResult) -> Result<Flow, DbErr> {
    Ok(Flow {
        state: digest(row)?,
        provider: column(row, "provider")?,
        intent: parsed(row, "intent")?,
        redirect_to: column(row, "redirect_to")?,
        app_state: column(row, "app_state")?,
        challenge: parsed(row, "challenge")?,
    })
}

fn redeemed(row: &QueryResult) -> Result<Redeemed, DbErr> {
    let proof = match column::<Option<Uuid>>(row, "session_id")? {
        None => FlowProof::Provider(column(row, "provider")?),
        Some(session) => FlowProof::Session(EarlierSignIn {
            session_id: session.into(),
            authenticated_at: column::<Timestamp>(row, "authenticated_at")?,
            methods: methods(row)?,
            second_factor_at: column(row, "second_factor_at")?,
            factor_version: column(row, "issued_factor_version")?,
        }),
    };
    Ok(Redeemed {
        credentials: credentials(row)?,
        proof,
    })
}

/// Stores a user's code in the transaction of the sign-in, and records the sign-in's events.
pub(super) async fn keep_code(
    txn: &Txn<'_>,
    code: &NewCode,
    (user, credential_version): (&User, i64),
    written: &[Event],
) -> Result<(), DbErr> {
    let values: [Value; 5] = [
        bytes(&code.flow),
        bytes(&code.digest),
        code.expires_at.into(),
        user.id.as_uuid().into(),
        credential_version.into(),
    ];
    if txn.is_postgres() {
        let [flow, digest, end, user, version] = values;
        let values = [flow, digest, end, user, version, events(written)];
        return run(txn, KEEP_RECORDED, values).await.map(drop);
    }
    run(txn, KEEP, values).await?;
    for event in written {
        event::insert(txn, event, Some(user.id)).await?;
    }
    Ok(())
}

/// Uses the code of a flow that links an identity, and returns that identity.
pub(super) async fn use_offer(
    txn: &Txn<'_>,
    code: &TokenDigest,
    challenge: &CodeChallenge,
    now: Timestamp,
) -> Result<Option<Offer>, DbErr> {
    let values = [bytes(code), challenge.as_str().into(), now.into()];
    let rows = run(txn, USE_OFFER, values).await?;
    let Some(row) = rows.first() else {
        return Ok(None);
    };
    serde_json::from_value(column(row, "assertion")?)
        .map(Some)
        .map_err(|error| unreadable("assertion", error))
}
