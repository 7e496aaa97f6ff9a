//! The lines that report a completed change.

/// Declares the changes that a page reports, each with its word in the query and in the texts.
macro_rules! reports {
    ($(#[$docs:meta])* $name:ident $texts:ident { $($change:ident $word:ident)* }) => {
        $(#[$docs])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum $name {
            $($change,)*
        }

        impl $name {
            pub(crate) const ALL: &[Self] = &[$(Self::$change),*];

            /// The value in the query.
            pub(crate) fn as_str(self) -> &'static str {
                match self {
                    $(Self::$change => stringify!($word),)*
                }
            }

            pub(crate) fn named(word: &str) -> Option<Self> {
                let mut all = Self::ALL.iter().copied();
                all.find(|own| own.as_str() == word)
            }

            fn text(self, own: &$texts<String>) -> &str {
                match self {
                    $(Self::$change => &own.$word,)*
                }
            }
        }
    };
}
pub(super) use reports;
