//! CIDR blocks.

use std::{net::IpAddr, str::FromStr};

use crate::error::{Error, Result};

/// A CIDR block (RFC 4632, RFC 4291), or a single address. A block of IPv4-mapped IPv6 addresses becomes the block of
/// IPv4 addresses.
#[derive(Clone, Copy, Debug)]
pub(super) struct Network {
    address: IpAddr,
    /// At least 1.
    prefix: u8,
}

impl Network {
    /// Whether the block contains the address. An IPv4 address must be given as IPv4.
    pub(super) fn contains(self, address: IpAddr) -> bool {
        self.address.is_ipv4() == address.is_ipv4()
            && (bits(self.address) ^ bits(address)) >> (width(address) - self.prefix) == 0
    }
}

impl FromStr for Network {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let text = text.trim();
        let wrong = |reason: &str| Error::configuration(format!("{text:?} {reason}"));
        let malformed = || wrong("is neither an address nor a network such as 10.0.0.0/8");
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| malformed())?;
        let prefix = match prefix {
            Some(prefix) if prefix.bytes().all(|byte| byte.is_ascii_digit()) => {
                prefix.parse().map_err(|_| malformed())?
            }
            Some(_) => return Err(malformed()),
            None => width(address),
        };
        if prefix > width(address) {
            return Err(malformed());
        }
        let (address, prefix) = unmapped(address, prefix);
        // A block of all addresses would trust every client, and clients could then claim any
        // address.
        if prefix == 0 {
            return Err(wrong("would trust everyone"));
        }
        if bits(address).trailing_zeros() < u32::from(width(address) - prefix) {
            return Err(wrong("has bits set beyond its prefix"));
        }
        Ok(Self { address, prefix })
    }
}

fn unmapped(address: IpAddr, prefix: u8) -> (IpAddr, u8) {
    let canonical = address.to_canonical();
    let shorter = width(address) - width(canonical);
    match prefix.checked_sub(shorter) {
        Some(prefix) => (canonical, prefix),
        None => (address, prefix),
    }
}

fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => address.to_bits().into(),
        IpAddr::V6(address) => address.to_bits(),
    }
}

fn width(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

#[cfg(test)]
mod tests;
