//! One declaration per setting: its type, its default and its manual text stand in one place, and the struct, the
//! complete commented default file and the list of known keys are made from it.

/// One setting as the manual shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Setting {
    /// Its key within the section.
    pub(crate) key: &'static str,
    /// Its manual text, one line an entry.
    pub(crate) doc: Vec<&'static str>,
    /// Its default as TOML; `None` when there is none and the key may be left out.
    pub(crate) default: Option<String>,
}

/// A section that knows its settings.
pub(crate) trait Section {
    /// All of them, in the order of declaration.
    fn settings() -> Vec<Setting>;
}

/// Declares a section: doc comments, name, type and default of each setting.
macro_rules! section {
    ($(#[doc = $about:literal])* $name:ident { $( $(#[doc = $doc:literal])+ $key:ident : $type:ty = $default:expr; )* }) => {
        $(#[doc = $about])*
        #[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub(crate) struct $name {
            $( $(#[doc = $doc])+ pub(crate) $key: $type, )*
        }

        impl Default for $name {
            fn default() -> Self {
                $name { $( $key: $default, )* }
            }
        }

        impl $crate::config::section::Section for $name {
            fn settings() -> Vec<$crate::config::section::Setting> {
                let default = $name::default();
                vec![$( $crate::config::section::Setting {
                    key: stringify!($key),
                    doc: vec![$($doc),+],
                    default: $crate::config::section::as_toml(&default.$key),
                }, )*]
            }
        }
    };
}
pub(crate) use section;

/// A default as it is written in the file; `None` for an absent one.
pub(crate) fn as_toml(value: &impl serde::Serialize) -> Option<String> {
    let value = toml::Value::try_from(value).ok()?;
    Some(value.to_string())
}
