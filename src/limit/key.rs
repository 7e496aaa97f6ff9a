//! Counter keys.

use std::{array::TryFromSliceError, net::IpAddr};

use super::Budget;
use crate::{id::UserId, secret::HmacKey};

const LEN: usize = 16;

/// A counter key: the first 16 bytes of an HMAC-SHA256 tag. Stored counters therefore do not reveal
/// addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LimitKey([u8; LEN]);

impl LimitKey {
    /// The 16 bytes, for storage.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; LEN] {
        &self.0
    }

    /// A prefix of the key, to distinguish clients in the log.
    pub(crate) fn short(&self) -> String {
        let [a, b, c, d, ..] = self.0;
        format!("{:08x}", u32::from_be_bytes([a, b, c, d]))
    }
}

impl From<[u8; LEN]> for LimitKey {
    fn from(bytes: [u8; LEN]) -> Self {
        Self(bytes)
    }
}

impl TryFrom<&[u8]> for LimitKey {
    type Error = TryFromSliceError;

    fn try_from(bytes: &[u8]) -> Result<Self, Self::Error> {
        bytes.try_into().map(Self)
    }
}

/// Computes counter keys.
#[derive(Clone, Debug)]
pub(crate) struct LimitKeys(HmacKey);

impl LimitKeys {
    pub(crate) fn new(key: HmacKey) -> Self {
        Self(key)
    }

    /// The counter key for a client's calls.
    pub(crate) fn client(&self, budget: Budget, ip: IpAddr) -> LimitKey {
        match canonical(ip) {
            IpAddr::V4(ip) => self.key("client", budget.as_str(), &ip.octets()),
            // An internet subscriber gets at least a /64 and can use all addresses in it, so all
            // addresses of a /64 share one counter.
            IpAddr::V6(ip) => {
                let [a, b, c, d, e, f, g, h, ..] = ip.octets();
                self.key("client", budget.as_str(), &[a, b, c, d, e, f, g, h])
            }
        }
    }

    /// The counter key for calls with a canonical address.
    pub(crate) fn address(&self, budget: Budget, canonical: &str) -> LimitKey {
        self.key("about", budget.as_str(), canonical.as_bytes())
    }

    /// The counter key for failed sign-ins with a canonical address.
    pub(crate) fn account(&self, canonical: &str) -> LimitKey {
        self.key("attempts", "account", canonical.as_bytes())
    }

    /// The counter key for failed sign-ins from a device that has already signed in with a
    /// canonical address.
    pub(crate) fn device(&self, id: &[u8]) -> LimitKey {
        self.key("attempts", "device", id)
    }

    /// The counter key for a user's wrong second-factor codes.
    pub(crate) fn codes(&self, user: UserId) -> LimitKey {
        self.key("codes", "user", user.as_uuid().as_bytes())
    }

    /// The counter key for wrong second-factor codes from a device on which the user has already
    /// presented a second factor.
    pub(crate) fn codes_on_device(&self, id: &[u8]) -> LimitKey {
        self.key("codes", "device", id)
    }

    fn key(&self, kind: &str, name: &str, of: &[u8]) -> LimitKey {
        let message = [kind.as_bytes(), b"\0", name.as_bytes(), b"\0", of].concat();
        let tag = self.0.tag(&message);
        let mut key = [0; LEN];
        key.iter_mut().zip(tag).for_each(|(to, from)| *to = from);
        LimitKey(key)
    }
}

/// The IPv4 address behind an IPv6 address that embeds it (RFC 4291) or comes from a translator (RFC 6052). Without
/// this conversion, many IPv4 clients would share a /64 and its counter.
fn canonical(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V6(ip) => match ip.octets() {
            [0x00, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0, a, b, c, d] => [a, b, c, d].into(),
            _ => ip.into(),
        },
        ip => ip,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;

    #[test]
    fn a_client_is_an_ipv4_address_or_an_ipv6_network_of_64_bits() {
        let keys = LimitKeys::new(Secret::generate().hmac_key("limit"));
        let key = |text: &str| keys.client(Budget::SignIn, text.parse().unwrap());
        assert_eq!(key("192.0.2.1"), key("::ffff:192.0.2.1"));
        assert_eq!(key("192.0.2.1"), key("64:ff9b::192.0.2.1"));
        assert_ne!(key("192.0.2.1"), key("192.0.2.2"));
        assert_ne!(key("64:ff9b::192.0.2.1"), key("64:ff9b:1::192.0.2.1"));
        assert_eq!(key("2001:db8:0:1::1"), key("2001:db8:0:1:ffff::2"));
        assert_ne!(key("2001:db8:0:1::1"), key("2001:db8:0:2::1"));
    }

    #[test]
    fn no_two_counters_share_a_key() {
        let keys = LimitKeys::new(Secret::generate().hmac_key("limit"));
        let mut all = vec![
            keys.account("ann@example.org"),
            keys.device(b"ann@example.org"),
        ];
        for budget in Budget::ALL {
            all.push(keys.address(*budget, "ann@example.org"));
            all.push(keys.client(*budget, [192, 0, 2, 1].into()));
        }
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), count);
    }
}
