//! A user with a second factor: enrolment, sign-in, a lost phone, a recovery code, and a reset by an administrator.
//!
//! All steps run in process, on a store in memory and a clock that the program moves.
//!
//! ```sh
//! cargo run --example second_factor --features testing
//! cargo test --example second_factor --features testing
//! ```
#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a program writes to its terminal, and ends when it fails"
)]

use std::time::Duration;

use hallpass::{
    Error, Login, Result, SignIn,
    event::{Author, ClientInfo},
    second_factor::{SecondFactor, TotpSecret},
    testing::{PASSWORD, TestAuth},
    token::TokenPair,
    user::{Role, User},
};

#[tokio::main]
async fn main() -> Result<()> {
    run().await
}

async fn run() -> Result<()> {
    let (auth, client) = (TestAuth::new(), ClientInfo::default());
    let factors = auth.factors();

    let ann = auth.user("ann@example.org").await;
    println!("{} has registered", ann.email);

    let caller = auth.current_user(&auth.token_of(&ann).await).await?;
    let phone = factors.begin_totp(&caller, Some("phone")).await?;
    println!("the phone has scanned the QR code of the key");
    let code = auth.totp_code(phone.expose_base32());
    let confirmed = factors.confirm_totp(&caller, phone.id, &code, &client);
    let mut recovery_codes = confirmed.await?;
    let count = recovery_codes.len();
    println!("the phone is confirmed, and Ann has {count} recovery codes");

    let tokens = sign_in(&auth, &ann, code_of(&auth, &phone)).await?;
    let acr = auth.verify(&tokens.access_token)?.acr().to_owned();
    println!("Ann has signed in with a code: {acr}");

    println!("Ann has lost the phone");
    let code = recovery_codes.pop().expect("there are ten codes");
    let tokens = sign_in(&auth, &ann, SecondFactor::RecoveryCode(code)).await?;
    let caller = auth.current_user(&tokens.access_token).await?;
    let left = factors.list(&caller).await?.recovery_codes_left;
    println!("Ann has signed in with a recovery code, and has {left} left");

    let other = factors.begin_totp(&caller, Some("new phone")).await?;
    let code = auth.totp_code(other.expose_base32());
    let confirmed = factors.confirm_totp(&caller, other.id, &code, &client);
    confirmed.await?;
    factors.remove(&caller, phone.id, &client).await?;
    println!("the new phone has replaced the lost one");

    println!("Ann has lost the new phone, and the recovery codes too");
    auth.clock().advance(Duration::from_secs(60));
    let root = auth.user_with_roles("root@example.org", [Role::ADMIN]);
    let token = auth.token_of(&root.await).await;
    // The endpoint makes the same two checks.
    let administrator = auth.require_role(&token, &Role::ADMIN).await?;
    auth.require_step_up(&administrator)?;
    let actor_id = Some(administrator.user.id);
    let author = Author { actor_id, client };
    let administration = auth.administration();
    administration.reset_factors(ann.id, &author).await?;
    let letter = auth.last_mail_to("ann@example.org").await;
    let letter = letter.expect("the reset sends a letter");
    println!("Ann has received a letter: {}", letter.subject());
    auth.sign_in(&ann).await;
    println!("Ann has signed in with the password alone");
    Ok(())
}

/// The current code of an app. Each code is valid once, so the clock moves to the next one.
fn code_of(auth: &TestAuth, app: &TotpSecret) -> SecondFactor {
    auth.clock().advance(Duration::from_secs(30));
    SecondFactor::Totp(auth.totp_code(app.expose_base32()))
}

/// Signs in with the password and a second factor.
async fn sign_in(auth: &TestAuth, user: &User, shown: SecondFactor) -> Result<TokenPair> {
    let login = Login::new(user.email.clone(), PASSWORD);
    let SignIn::SecondFactor(challenge) = auth.login(login).await? else {
        return Err(Error::internal("no second factor was asked for"));
    };
    let (ticket, client) = (&challenge.ticket, ClientInfo::default());
    let answered = auth.factors().answer(ticket, shown, false, client);
    answered.await?.into_tokens()
}

#[cfg(test)]
mod tests {
    #[tokio::test]
    async fn program_runs_to_its_end() {
        super::run().await.expect("every step works");
    }
}
