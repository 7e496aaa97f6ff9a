//! Reusable memory for password hashing.

use std::fmt;

use argon2::{Algorithm, Argon2, Block, Version};

use super::HashParams;
use crate::error::{Error, Result};

/// The memory used for hashing, kept from one hash to the next.
#[derive(Default)]
pub(super) struct Workspace {
    blocks: Vec<Block>,
    /// The number of hashes computed in this memory.
    #[cfg(test)]
    pub(super) computed: Vec<HashParams>,
}

impl Workspace {
    /// Fills `tag` with the Argon2id tag of the password. Memory is allocated only at first use, and when the
    /// parameters need more memory than before.
    pub(super) fn compute(
        &mut self,
        params: HashParams,
        password: &[u8],
        salt: &[u8],
        tag: &mut [u8],
    ) -> Result<()> {
        #[cfg(test)]
        self.computed.push(params);
        let params = params.argon2()?;
        let needed = params.block_count();
        if let Some(missing) = needed.checked_sub(self.blocks.len()) {
            self.blocks
                .try_reserve_exact(missing)
                .map_err(Error::internal)?;
            self.blocks.resize(needed, Block::new());
        }
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into_with_memory(password, salt, tag, &mut self.blocks)
            .map_err(|error| Error::internal(format!("Argon2 failed: {error}")))
    }

    /// Frees the memory that hashes with these parameters do not need.
    pub(super) fn shrink_to(&mut self, params: HashParams) {
        let needed = params.argon2().map_or(0, |params| params.block_count());
        if self.blocks.len() > needed {
            self.blocks.truncate(needed);
            self.blocks.shrink_to_fit();
        }
    }

    #[cfg(test)]
    pub(super) fn capacity_kib(&self) -> usize {
        self.blocks.capacity()
    }
}

impl fmt::Debug for Workspace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Workspace({} KiB)", self.blocks.len())
    }
}
