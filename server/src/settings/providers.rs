//! The providers that users may sign in with. There may be any number of them, so their settings come from the
//! environment only.

use std::{collections::BTreeMap, env};

use hallpass::{oauth::Provider, user::EmailAddress};
use url::Url;

const PREFIX: &str = "HALLPASS_OAUTH_";
/// A setting that belongs to no provider.
const REDIRECTS: &str = "HALLPASS_OAUTH_REDIRECTS";

const CLIENT_ID: &str = "_CLIENT_ID";
const CLIENT_SECRET: &str = "_CLIENT_SECRET";
const ISSUER: &str = "_ISSUER";
const PRIVATE_ADDRESSES: &str = "_PRIVATE_ADDRESSES";
const SCOPES: &str = "_SCOPES";
const TRUST_EMAIL_DOMAINS: &str = "_TRUST_EMAIL_DOMAINS";
const PARTS: [&str; 6] = [
    CLIENT_ID,
    CLIENT_SECRET,
    ISSUER,
    PRIVATE_ADDRESSES,
    SCOPES,
    TRUST_EMAIL_DOMAINS,
];

/// The end of `--help`.
pub(crate) const HELP: &str = "\
Sign-in with a provider: one group of variables for each provider; <NAME> in lower case is its name in URLs:
  HALLPASS_OAUTH_<NAME>_CLIENT_ID
          The client ID that the provider issued for this service; required. <NAME> cannot be TOKEN
  HALLPASS_OAUTH_<NAME>_CLIENT_SECRET
          The client secret [default: none, for a public client]
  HALLPASS_OAUTH_<NAME>_ISSUER
          The OpenID Connect issuer, exactly as the provider writes it: https://…, or http://… on loopback.
          Required, except for GOOGLE and GITHUB; for GITHUB, the URL of an Enterprise Server
  HALLPASS_OAUTH_<NAME>_SCOPES
          The scopes to request, space-separated [default: openid email profile; GITHUB: read:user user:email]
  HALLPASS_OAUTH_<NAME>_TRUST_EMAIL_DOMAINS
          Domains for whose addresses the provider is trusted, comma-separated; * for all [default: none]
  HALLPASS_OAUTH_<NAME>_PRIVATE_ADDRESSES
          Whether the provider may have an address that is not public [default: false]

At the provider, register the callback <PUBLIC_URL>/auth/oauth/<name>/callback";

/// Whether a variable is a setting of a provider, or looks like a misspelled one.
pub(crate) fn is_ours(variable: &[u8]) -> bool {
    variable.starts_with(PREFIX.as_bytes())
}

/// The providers, in the order of their names.
///
/// # Errors
/// One line that names the variable. The value is left out, because it may be a secret.
pub(crate) fn from_environment() -> Result<Vec<Provider>, String> {
    let mut variables: Vec<_> = env::vars_os()
        .filter(|(variable, _)| is_ours(variable.as_encoded_bytes()))
        .filter(|(variable, _)| variable != REDIRECTS)
        .collect();
    variables.sort();
    let mut groups: BTreeMap<String, Group> = BTreeMap::new();
    for (variable, value) in variables {
        let variable = variable.to_string_lossy().into_owned();
        let told = |why: &str| format!("{variable}: {why}");
        let value = value.into_string().map_err(|_| told("not UTF-8"))?;
        let (name, part) = split(&variable).ok_or_else(|| told("not a setting of a provider"))?;
        if value.is_empty() {
            return Err(told("must not be empty"));
        }
        let group = groups.entry(name.to_ascii_lowercase()).or_default();
        if *group.name.get_or_insert_with(|| name.to_owned()) != name {
            return Err(told(
                "another variable spells the same provider differently",
            ));
        }
        group.values.insert(part, value);
    }
    groups
        .iter()
        .map(|(name, group)| group.provider(name))
        .collect()
}

/// Splits a variable into the name of the provider, as spelled, and the setting.
fn split(variable: &str) -> Option<(&str, &'static str)> {
    let rest = variable.strip_prefix(PREFIX)?;
    let split = |part: &'static str| Some((rest.strip_suffix(part)?, part));
    let (name, part) = PARTS.into_iter().find_map(split)?;
    let is_name = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-');
    ((1..=32).contains(&name.len()) && name.bytes().all(is_name)).then_some((name, part))
}

/// One provider's variables.
#[derive(Default)]
struct Group {
    /// The name of the provider as spelled.
    name: Option<String>,
    values: BTreeMap<&'static str, String>,
}

impl Group {
    fn provider(&self, name: &str) -> Result<Provider, String> {
        let id = self
            .value(CLIENT_ID)
            .ok_or_else(|| self.required(CLIENT_ID))?;
        if name == "token" {
            return Err(self.told(CLIENT_ID, "a provider cannot have the name of an endpoint"));
        }
        let issuer = self.checked(ISSUER, issuer)?;
        let mut provider = match (name, issuer) {
            ("github", None) => Provider::github(id),
            ("github", Some(url)) => Provider::github(id).at(url),
            ("google", None) => Provider::google(id),
            (_, Some(issuer)) => Provider::oidc(name, issuer, id),
            (_, None) => return Err(self.required(ISSUER)),
        };
        if let Some(secret) = self.value(CLIENT_SECRET) {
            provider = provider.client_secret(secret);
        }
        if let Some(scopes) = self.checked(SCOPES, |text| scopes(text, name))? {
            provider = provider.scopes(scopes);
        }
        if let Some(domains) = self.checked(TRUST_EMAIL_DOMAINS, domains)? {
            provider = provider.trust_email_domains(domains);
        }
        if self.checked(PRIVATE_ADDRESSES, yes_or_no)? == Some(true) {
            provider = provider.allow_private_addresses();
        }
        Ok(provider)
    }

    fn value(&self, part: &str) -> Option<&str> {
        self.values.get(part).map(String::as_str)
    }

    fn checked<'a, T>(
        &'a self,
        part: &str,
        parse: impl FnOnce(&'a str) -> Result<T, String>,
    ) -> Result<Option<T>, String> {
        self.value(part)
            .map(parse)
            .transpose()
            .map_err(|why| self.told(part, &why))
    }

    fn required(&self, part: &str) -> String {
        self.told(
            part,
            "required, because other settings of this provider are set",
        )
    }

    fn told(&self, part: &str, why: &str) -> String {
        let name = self.name.as_deref().unwrap_or_default();
        format!("{PREFIX}{name}{part}: {why}")
    }
}

fn issuer(text: &str) -> Result<&str, String> {
    let url = Url::parse(text).map_err(|_| "not an absolute URL")?;
    let is_loopback = match url.host() {
        Some(url::Host::Domain(host)) => host == "localhost",
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    };
    if url.scheme() != "https" && !(url.scheme() == "http" && is_loopback) {
        Err("must begin with https://, except on loopback".to_owned())
    } else if text.contains(['?', '#', '@']) {
        Err("must have no user, no query and no fragment".to_owned())
    } else {
        Ok(text)
    }
}

fn scopes<'a>(text: &'a str, name: &str) -> Result<Vec<&'a str>, String> {
    let scopes: Vec<&str> = text.split_whitespace().collect();
    if name == "github" || scopes.contains(&"openid") {
        Ok(scopes)
    } else {
        Err("must include openid".to_owned())
    }
}

fn domains(text: &str) -> Result<Vec<&str>, String> {
    text.split(',').map(|text| domain(text.trim())).collect()
}

fn domain(text: &str) -> Result<&str, String> {
    match format!("a@{text}").parse::<EmailAddress>() {
        Err(_) if text != "*" => Err("expected domains or *".to_owned()),
        _ => Ok(text),
    }
}

fn yes_or_no(text: &str) -> Result<bool, String> {
    text.parse()
        .map_err(|_| "expected true or false".to_owned())
}
