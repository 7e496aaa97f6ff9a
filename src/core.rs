//! The parts that every feature uses, in one `Arc`.

use std::sync::Arc;

use crate::{
    admission::Limits,
    clock::Clock,
    delivery::Deliveries,
    error::{ErrorKind, Result},
    factor::FactorKeys,
    hook::HookChain,
    store::Store,
    token::{ActiveUser, Devices, Tickets, Tokens},
    trail::Trail,
};

/// The parts that every feature uses. A feature consists of an `Arc<Core>` and a few additional
/// fields.
#[derive(Debug)]
pub(crate) struct Core {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) tokens: Tokens,
    pub(crate) devices: Devices,
    pub(crate) tickets: Tickets,
    pub(crate) factor_keys: FactorKeys,
    pub(crate) limits: Limits,
    pub(crate) deliveries: Deliveries,
    pub(crate) hooks: HookChain,
    pub(crate) trail: Trail,
}

impl Core {
    /// Checks that a caller's session is still live and that the presented cookie, if any, is the current one.
    /// Otherwise, checking the caller's credential again is pointless.
    ///
    /// # Errors
    /// [`InvalidAccessToken`](ErrorKind::InvalidAccessToken) if the session is not live or the cookie is not the
    /// current one.
    pub(crate) async fn ensure_live(&self, caller: &ActiveUser) -> Result<()> {
        let now = self.clock.now();
        let is_live = match &caller.cookie {
            None => {
                let (session, user) = (caller.session_id, caller.user.id);
                let live = self.store.session_user(session, user, now).await?;
                live.is_some()
            }
            Some(cookie) => match self.tokens.presented(cookie) {
                Some(presented) => {
                    let live = self.store.browser_user(&presented, now).await?;
                    live.is_some_and(|live| !live.is_former)
                }
                None => false,
            },
        };
        match is_live {
            true => Ok(()),
            false => Err(ErrorKind::InvalidAccessToken.into()),
        }
    }
}

#[cfg(test)]
impl Core {
    /// Core parts that use this store and have no limits, for unit tests.
    pub(crate) fn over(store: Arc<dyn Store>) -> Arc<Self> {
        use std::time::Duration;

        use crate::{
            admission::LimitParts,
            clock::SystemClock,
            delivery::{DeliveryParts, LinkLifetimes},
            limit::RateLimits,
            mail::{Links, Mailbox, Notices, Templates},
            secret::{Secret, Secrets},
            token::{SigningAlgorithm, SigningKeys, TokenLifetimes, TokenParts},
        };

        let secrets: Secrets = Secret::generate().into();
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let trail = Trail::new(Arc::clone(&store) as _, &secrets, Vec::new());
        let public_url = "http://localhost:8000";
        let limits = LimitParts {
            secrets: &secrets,
            keys: Arc::clone(&store) as _,
            store: Arc::clone(&store) as _,
            rates: RateLimits::default(),
            lockout: None,
            codes: None,
            limiter: None,
            local: Arc::clone(&store) as _,
            at_once: 4,
            clock: Arc::clone(&clock),
        };
        let tokens = TokenParts {
            keys: SigningKeys::derive(&secrets, SigningAlgorithm::default()).unwrap(),
            secrets: &secrets,
            issuer: public_url.to_owned(),
            audience: public_url.to_owned(),
            client_id: public_url.to_owned(),
            lifetimes: TokenLifetimes::default(),
            request_timeout: Duration::from_secs(10),
            permissions: None,
            clock: Arc::clone(&clock),
        };
        let deliveries = DeliveryParts {
            store: Arc::clone(&store),
            mailer: Arc::new(Mailbox::new()),
            clock: Arc::clone(&clock),
            trail: trail.clone(),
            links: Links::new(public_url).unwrap(),
            templates: Templates::new("Hallpass").unwrap(),
            notices: Notices::default(),
            lifetimes: LinkLifetimes::default(),
            budgets: false,
        };
        Arc::new(Self {
            store,
            clock,
            tokens: Tokens::new(tokens).unwrap(),
            devices: Devices::new(&secrets),
            tickets: Tickets::new(&secrets),
            factor_keys: FactorKeys::new(&secrets),
            limits: Limits::new(limits).unwrap(),
            deliveries: Deliveries::new(&secrets, deliveries).unwrap(),
            hooks: HookChain::new(Vec::new(), Duration::from_secs(3)),
            trail,
        })
    }
}
