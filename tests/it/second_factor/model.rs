//! A random walk through sign-ins, factors, resets and time, compared with a small model.
//!
//! The model knows when a session may be opened: never for a user with a second factor without that factor or a live
//! remembered device (I13), and never twice with the same step, code or ticket (I15).

mod changes;

use std::time::Duration;

use hallpass::{
    ErrorKind, Login, Result, SignIn,
    clock::Timestamp,
    event::ClientInfo,
    factor::{FactorId, RecoveryCode},
    second_factor::{Challenge, SecondFactor, SecondFactorPolicy},
    secret::{AccessToken, DeviceToken, Ticket},
    token::SessionKind,
    user::User,
};

use super::ANN;
use crate::{
    oauth::flow::{VERIFIER, arrive, asking, person},
    support::{
        app::{App, apps_with, race, user_id},
        authenticator::Authenticator,
        http::PASSWORD,
        provider::FakeProvider,
    },
};

const WALKS: u64 = 6;
const STEPS: usize = 120;

/// Reproducible random numbers (xorshift64*).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let rolled = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33;
        usize::try_from(rolled).unwrap() % sides
    }

    fn pick<'a, T>(&mut self, of: &'a [T]) -> Option<&'a T> {
        of.get(self.index(of)?)
    }

    fn index<T>(&mut self, of: &[T]) -> Option<usize> {
        (!of.is_empty()).then(|| self.roll(of.len()))
    }
}

struct Factor {
    id: FactorId,
    app: Authenticator,
    last_step: i64,
}

struct Open {
    ticket: Ticket,
    version: u64,
    expires_at: Timestamp,
    tries: u32,
    is_spent: bool,
    enrol: bool,
    pending: Option<Authenticator>,
}

struct Session {
    access: AccessToken,
    version: u64,
    authenticated_at: Timestamp,
    second_factor_at: Option<Timestamp>,
    is_strong: bool,
}

struct Device {
    token: DeviceToken,
    version: u64,
    expires_at: Timestamp,
}

struct Walk<'a> {
    app: &'a App,
    provider: &'a FakeProvider,
    user: User,
    dice: Dice,
    is_required: bool,
    password: String,
    factors: Vec<Factor>,
    codes: Vec<RecoveryCode>,
    used_codes: Vec<RecoveryCode>,
    /// Changes with the credentials and with the factors: tickets and devices of another version are void.
    version: u64,
    /// Changes with the credentials: sessions of another version are dead.
    credentials: u64,
    tickets: Vec<Open>,
    sessions: Vec<Session>,
    devices: Vec<Device>,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn walks_open_sessions_as_the_model_says() {
    let seed = std::env::var("HALLPASS_TEST_SEED").ok();
    let seed = seed.map_or_else(
        || u64::from(std::process::id()),
        |seed| seed.parse().expect("a number"),
    );
    for walk in 0..WALKS {
        let is_required = walk % 2 == 1;
        let policy = if is_required {
            SecondFactorPolicy::Everyone
        } else {
            SecondFactorPolicy::Optional
        };
        let provider = FakeProvider::start().await;
        let set = |builder| asking(builder, &provider).second_factor(policy.clone());
        for app in apps_with(set).await {
            provider.follow(&app.clock);
            eprintln!("HALLPASS_TEST_SEED={seed}, walk {walk}");
            let dice = Dice((seed << 8 | walk).wrapping_add(0x9E37_79B9_7F4A_7C15));
            let mut walk = Walk::begin(&app, &provider, dice, is_required).await;
            for _ in 0..STEPS {
                walk.step().await;
            }
        }
    }
}

impl<'a> Walk<'a> {
    async fn begin(
        app: &'a App,
        provider: &'a FakeProvider,
        dice: Dice,
        is_required: bool,
    ) -> Self {
        let user = app.register(ANN).await;
        let id = user["id"].as_str().expect("a string");
        app.set_verified(id).await;
        let user = app
            .store()
            .user(user_id(id))
            .await
            .expect("the store works");
        Self {
            app,
            provider,
            user: user.expect("the user is there"),
            dice,
            is_required,
            password: PASSWORD.to_owned(),
            factors: Vec::new(),
            codes: Vec::new(),
            used_codes: Vec::new(),
            version: 0,
            credentials: 0,
            tickets: Vec::new(),
            sessions: Vec::new(),
            devices: Vec::new(),
        }
    }

    async fn step(&mut self) {
        match self.dice.roll(20) {
            0..=4 => self.login().await,
            5..=10 => self.answer().await,
            11 | 12 => self.begin_by_ticket().await,
            13 => self.enrol_in_session().await,
            14 => self.remove().await,
            15 => self.renew().await,
            16 => self.reset().await,
            17 => self.reset_by_administrator().await,
            18 => self.race_for_a_session().await,
            _ => {
                let seconds = [1, 29, 30, 61, 301, 601, 86_400, 31 * 86_400];
                let seconds = seconds[self.dice.roll(seconds.len())];
                self.app.advance(seconds);
            }
        }
    }

    fn now(&self) -> Timestamp {
        self.app.now()
    }

    fn current_step(&self) -> i64 {
        self.now().timestamp().div_euclid(30)
    }

    async fn login(&mut self) {
        let now = self.now();
        let mut client = ClientInfo::default();
        let mut is_remembered = false;
        if self.dice.roll(2) == 0
            && let Some(device) = self.dice.pick(&self.devices)
        {
            client.device = Some(device.token.clone());
            is_remembered = device.version == self.version && now < device.expires_at;
        }
        let signed_in = if self.dice.roll(4) == 0 {
            self.enter_with_the_provider(&client).await
        } else {
            let login = Login::new(self.user.email.clone(), self.password.as_str());
            self.app.auth.login(login.with_client(client)).await
        };
        let has_factor = !self.factors.is_empty();
        let suffices = if has_factor {
            is_remembered
        } else {
            !self.is_required
        };
        match signed_in.expect("the password is right") {
            SignIn::Complete { tokens, .. } => {
                assert!(suffices, "a session was opened without the second factor");
                self.opened(tokens.access_token, None);
            }
            SignIn::SecondFactor(challenge) => {
                assert!(!suffices, "a second factor was asked for");
                assert_eq!(challenge.enrol, !has_factor);
                self.challenged(challenge);
            }
            other => panic!("{other:?}"),
        }
    }

    /// The door of a provider that is trusted for the address.
    async fn enter_with_the_provider(&self, client: &ClientInfo) -> Result<SignIn> {
        let code = arrive(self.app, self.provider, person("1", ANN)).await;
        let code = code.expect("the identity belongs to the user");
        let sign_ins = self.app.auth.provider_sign_ins();
        let kind = SessionKind::Tokens;
        sign_ins.redeem(&code.into(), VERIFIER, kind, client).await
    }

    fn challenged(&mut self, challenge: Challenge) {
        self.tickets.push(Open {
            ticket: challenge.ticket,
            version: self.version,
            expires_at: self.now() + challenge.expires_in,
            tries: 0,
            is_spent: false,
            enrol: challenge.enrol,
            pending: None,
        });
    }

    fn opened(&mut self, access: AccessToken, shown: Option<&SecondFactor>) {
        let now = self.now();
        self.sessions.push(Session {
            access,
            version: self.credentials,
            authenticated_at: now,
            second_factor_at: shown.map(|_| now),
            is_strong: matches!(shown, Some(SecondFactor::Totp(_))),
        });
    }

    /// Something to show, and its text: right, wrong, used, or of another kind.
    fn shown(&mut self, place: usize) -> (SecondFactor, String) {
        let now = self.now();
        let apps = self.factors.iter().map(|factor| &factor.app);
        let apps: Vec<&Authenticator> = apps.chain(self.tickets[place].pending.as_ref()).collect();
        let codes = [&self.codes, &self.used_codes].map(|codes| codes.as_slice());
        let wrong = "000000".to_owned();
        let code = match self.dice.roll(4) {
            0 => {
                let codes = codes[self.dice.roll(2)];
                if let Some(code) = self.dice.pick(codes) {
                    let text = code.expose().to_owned();
                    return (SecondFactor::RecoveryCode(code.clone()), text);
                }
                None
            }
            1 => None,
            _ => self.dice.pick(&apps).map(|app| app.code(now)),
        };
        let code = code.unwrap_or(wrong);
        (SecondFactor::Totp(code.parse().unwrap()), code)
    }

    fn is_open(&self, place: usize) -> bool {
        let open = &self.tickets[place];
        !open.is_spent
            && open.tries < 5
            && self.now() < open.expires_at
            && open.version == self.version
    }

    /// Whether the model accepts what is shown, and the factor whose step it uses.
    fn accepts(&self, place: usize, shown: &SecondFactor, text: &str) -> Option<Option<usize>> {
        let open = &self.tickets[place];
        let (now, step) = (self.now(), self.current_step());
        match shown {
            SecondFactor::RecoveryCode(code) => {
                let same = |known: &RecoveryCode| known.expose() == code.expose();
                (!open.enrol && self.codes.iter().any(same)).then_some(None)
            }
            _ if open.enrol => {
                let pending = open.pending.as_ref()?;
                (pending.code(now) == text).then_some(None)
            }
            _ => {
                let mut factors = self.factors.iter();
                let place = factors
                    .position(|factor| factor.last_step < step && factor.app.code(now) == text);
                place.map(Some)
            }
        }
    }

    async fn answer(&mut self) {
        let Some(place) = self.dice.index(&self.tickets) else {
            return;
        };
        let (shown, text) = self.shown(place);
        let remember = self.dice.roll(2) == 0;
        let ticket = self.tickets[place].ticket.clone();
        let factors = self.app.auth.factors();
        let client = ClientInfo::default();
        let answered = factors
            .answer(&ticket, shown.clone(), remember, client)
            .await;
        if !self.is_open(place) {
            let error = answered.expect_err("the ticket is void");
            assert_eq!(error.kind(), ErrorKind::InvalidToken);
            return;
        }
        self.tickets[place].tries += 1;
        let Some(used) = self.accepts(place, &shown, &text) else {
            let error = answered.expect_err("the code is wrong or used");
            assert_eq!(error.kind(), ErrorKind::InvalidCode);
            return;
        };
        self.tickets[place].is_spent = true;
        self.spend(place, &shown, used);
        let SignIn::Complete {
            tokens,
            device,
            recovery_codes,
            ..
        } = answered.expect("the code is right")
        else {
            panic!("another step");
        };
        assert_eq!(recovery_codes.is_empty(), !self.tickets[place].enrol);
        if !recovery_codes.is_empty() {
            self.codes = recovery_codes;
        }
        if let (true, Some(token)) = (remember, device) {
            self.devices.push(Device {
                token,
                version: self.version,
                expires_at: self.now() + Duration::from_secs(30 * 86_400),
            });
        }
        self.opened(tokens.access_token, Some(&shown));
    }

    fn spend(&mut self, place: usize, shown: &SecondFactor, used: Option<usize>) {
        let step = self.current_step();
        if let SecondFactor::RecoveryCode(code) = shown {
            self.codes.retain(|known| known.expose() != code.expose());
            self.used_codes.push(code.clone());
        }
        if let Some(used) = used {
            self.factors[used].last_step = step;
        }
        if self.tickets[place].enrol {
            let app = self.tickets[place].pending.take().expect("it was accepted");
            self.added(app);
        }
    }

    fn added(&mut self, app: Authenticator) {
        self.factors.push(Factor {
            id: app.id.parse().expect("an id"),
            app,
            last_step: self.current_step(),
        });
        self.version += 1;
    }

    async fn begin_by_ticket(&mut self) {
        let Some(place) = self.dice.index(&self.tickets) else {
            return;
        };
        let begun = self
            .app
            .auth
            .factors()
            .enrol(&self.tickets[place].ticket)
            .await;
        if self.is_open(place) && self.tickets[place].enrol {
            let secret = begun.expect("the ticket asks for it");
            self.tickets[place].pending = Some(Authenticator::of(&secret));
        } else {
            let error = begun.expect_err("the ticket asks for none");
            assert_eq!(error.kind(), ErrorKind::InvalidToken);
        }
    }

    /// The same code over fresh tickets opens at most one session.
    async fn race_for_a_session(&mut self) {
        let (now, step) = (self.now(), self.current_step());
        let Some(factor) = self.dice.index(&self.factors) else {
            return;
        };
        let mut tickets = Vec::new();
        for _ in 0..3 {
            let login = Login::new(self.user.email.clone(), self.password.as_str());
            match self
                .app
                .auth
                .login(login)
                .await
                .expect("the password is right")
            {
                SignIn::SecondFactor(challenge) => tickets.push(challenge.ticket),
                other => panic!("a session was opened without the second factor: {other:?}"),
            }
        }
        let code = self.factors[factor].app.code(now);
        let answers = race(tickets.len(), |task| {
            let (auth, ticket) = (self.app.auth.clone(), tickets[task].clone());
            let shown = SecondFactor::Totp(code.parse().unwrap());
            async move {
                let client = ClientInfo::default();
                auth.factors().answer(&ticket, shown, false, client).await
            }
        })
        .await;
        let opened: Vec<SignIn> = answers.into_iter().filter_map(Result::ok).collect();
        let is_unused = self.factors[factor].last_step < step;
        assert_eq!(opened.len(), usize::from(is_unused));
        for signed_in in opened {
            self.factors[factor].last_step = step;
            let tokens = signed_in.into_tokens().expect("a session");
            let shown = SecondFactor::Totp(code.parse().unwrap());
            self.opened(tokens.access_token, Some(&shown));
        }
    }
}
