//! The cost of a password hash.

use std::{fmt, str::FromStr};

use crate::error::{Error, Result};

/// The cost of a password hash: the memory in KiB, the passes and the lanes of Argon2id (RFC 9106),
/// written as `m=19456,t=2,p=1`.
///
/// The default is `m=19456,t=2,p=1`. Anything below `m=8192,t=1,p=1` or above `m=262144,t=16,p=16`
/// is refused. The upper limit also applies to stored hashes, because verifying even one hash above
/// the limit could make the service unavailable.
///
/// ```
/// use hallpass::credential::HashParams;
///
/// let params: HashParams = "m=65536,t=3,p=4".parse()?;
/// assert_eq!(params, HashParams::new(65_536, 3, 4)?);
/// assert!("m=4096,t=3,p=1".parse::<HashParams>().is_err());
/// # Ok::<(), hallpass::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct HashParams {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

impl HashParams {
    const MIN_MEMORY_KIB: u32 = 8192;
    const MAX_MEMORY_KIB: u32 = 262_144;
    const MAX_PASSES: u32 = 16;
    const MAX_LANES: u32 = 16;

    /// Parameters with these values, unless they are too weak or too costly.
    ///
    /// # Errors
    /// [`Configuration`](crate::ErrorKind::Configuration) if a value is outside the limits of the type.
    pub fn new(memory_kib: u32, passes: u32, lanes: u32) -> Result<Self> {
        Self::danger_weak(memory_kib, passes, lanes)?.strong()
    }

    /// Parameters with these values, even if they are weak. Use them only in tests and load tests,
    /// never for real passwords.
    ///
    /// # Errors
    /// [`Configuration`](crate::ErrorKind::Configuration) if a value is above the limits of the
    /// type, or Argon2 does not support the values (it needs at least 8 KiB for each lane, one pass
    /// and one lane).
    pub fn danger_weak(memory_kib: u32, passes: u32, lanes: u32) -> Result<Self> {
        let params = Self {
            memory_kib,
            passes,
            lanes,
        };
        let absurd = memory_kib > Self::MAX_MEMORY_KIB
            || passes > Self::MAX_PASSES
            || lanes > Self::MAX_LANES;
        if absurd {
            return Err(Error::configuration(format!(
                "the password hash parameters {params} are above m={},t={},p={}",
                Self::MAX_MEMORY_KIB,
                Self::MAX_PASSES,
                Self::MAX_LANES
            )));
        }
        params.argon2()?;
        Ok(params)
    }

    /// Reads `m=…,t=…,p=…`, even if the parameters are weak. Use them only in tests and load tests,
    /// never for real passwords.
    ///
    /// # Errors
    /// [`Configuration`](crate::ErrorKind::Configuration) if the text does not have this format; and the errors of
    /// [`danger_weak`](Self::danger_weak).
    pub fn danger_parse_weak(text: &str) -> Result<Self> {
        let malformed = || {
            Error::configuration(format!(
                "password hash parameters must look like m=19456,t=2,p=1, not {text:?}"
            ))
        };
        let mut parts = text.split(',');
        let mut number = |name: &str| {
            parts
                .next()
                .and_then(|part| part.trim().strip_prefix(name)?.parse().ok())
                .ok_or_else(malformed)
        };
        let (memory_kib, passes, lanes) = (number("m=")?, number("t=")?, number("p=")?);
        if parts.next().is_some() {
            return Err(malformed());
        }
        Self::danger_weak(memory_kib, passes, lanes)
    }

    /// The memory of one hash, in KiB.
    #[must_use]
    pub fn memory_kib(&self) -> u32 {
        self.memory_kib
    }

    /// The number of passes over the memory.
    #[must_use]
    pub fn passes(&self) -> u32 {
        self.passes
    }

    /// The number of lanes. The lanes are computed one after the other, because each permit has one
    /// thread.
    #[must_use]
    pub fn lanes(&self) -> u32 {
        self.lanes
    }

    pub(super) fn argon2(&self) -> Result<argon2::Params> {
        argon2::Params::new(self.memory_kib, self.passes, self.lanes, None).map_err(|error| {
            Error::configuration(format!(
                "the password hash parameters {self} do not work: {error}"
            ))
        })
    }

    /// Whether the parameters are below the minimum of [`new`](Self::new).
    pub(crate) fn is_weak(self) -> bool {
        self.memory_kib < Self::MIN_MEMORY_KIB
    }

    fn strong(self) -> Result<Self> {
        if !self.is_weak() {
            Ok(self)
        } else {
            Err(Error::configuration(format!(
                "the password hash parameters {self} are weaker than m={},t=1,p=1",
                Self::MIN_MEMORY_KIB
            )))
        }
    }
}

impl Default for HashParams {
    fn default() -> Self {
        Self {
            memory_kib: 19_456,
            passes: 2,
            lanes: 1,
        }
    }
}

impl fmt::Display for HashParams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "m={},t={},p={}",
            self.memory_kib, self.passes, self.lanes
        )
    }
}

impl FromStr for HashParams {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::danger_parse_weak(text)?.strong()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    #[test]
    fn parameters_read_back_as_written() {
        let params = HashParams::default();
        assert_eq!(params.to_string(), "m=19456,t=2,p=1");
        assert_eq!(params.to_string().parse::<HashParams>().unwrap(), params);
        assert!("m=8192,t=1,p=1".parse::<HashParams>().is_ok());
    }

    #[test]
    fn weak_absurd_and_malformed_parameters_are_refused() {
        for text in [
            "m=8191,t=3,p=1",
            "m=0,t=1,p=1",
            "m=19456,t=0,p=1",
            "m=19456,t=2,p=0",
            "m=4194304,t=1,p=1",
            "m=19456,t=17,p=1",
            "m=19456,t=2,p=17",
            "m=19456,t=2",
            "m=19456,t=2,p=1,x=1",
            "t=2,m=19456,p=1",
            "m=-1,t=2,p=1",
            "m=99999999999,t=2,p=1",
            "",
        ] {
            let error = text.parse::<HashParams>().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Configuration, "{text:?}");
        }
    }

    #[test]
    fn weak_parameters_need_the_dangerous_way() {
        assert!(HashParams::new(64, 1, 1).is_err());
        assert!(HashParams::danger_weak(64, 1, 1).is_ok());
        assert!(HashParams::danger_parse_weak("m=64,t=1,p=1").is_ok());
        assert!(HashParams::danger_weak(4, 1, 1).is_err());
    }
}
