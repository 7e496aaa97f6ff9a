//! The command line, and its errors on one line.

use clap::{
    CommandFactory as _, Parser,
    error::{ContextKind, ContextValue, ErrorKind},
};

use crate::{Failure, Settings, failure::reason};

/// Reads the command line and the environment into [`Settings`], or into a program's own commands that include the
/// settings. On `--help` and `--version`, it prints the answer and ends the process.
///
/// # Errors
/// One line that names the environment variable of the setting. The value is left out, because it may be a secret.
pub fn arguments<P: Parser>() -> Result<P, Failure> {
    P::try_parse().map_err(|error| match error.kind() {
        // An error in the name of the command is not an error in a setting.
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
        | ErrorKind::InvalidSubcommand
        | ErrorKind::MissingSubcommand => error.exit(),
        _ if !error.use_stderr() => error.exit(),
        _ => Failure::of_setting(one_line(&error)),
    })
}

/// Names the setting by its environment variable. The value is left out, because it may be a secret.
fn one_line(error: &clap::Error) -> String {
    let argument = match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(argument)) => argument.clone(),
        Some(ContextValue::Strings(arguments)) => arguments.join(", "),
        _ => String::new(),
    };
    let flag = argument.split([' ', '=']).next().unwrap_or_default();
    let command = Settings::command();
    let known = command.get_arguments().find(|known| {
        known
            .get_long()
            .is_some_and(|long| flag == format!("--{long}"))
    });
    let setting = match known.and_then(|known| known.get_env()) {
        Some(name) => name.to_string_lossy().into_owned(),
        None if flag.starts_with("--") => flag.to_owned(),
        None => unreadable_variable(&command).unwrap_or_else(|| "an argument".to_owned()),
    };
    let reason = match error.kind() {
        ErrorKind::MissingRequiredArgument => {
            "required, because the other setting of the pair is set".to_owned()
        }
        kind => match (
            std::error::Error::source(error),
            error.get(ContextKind::ValidValue),
        ) {
            (Some(source), _) => reason(source),
            (None, Some(ContextValue::Strings(valid))) => {
                format!("expected one of {}", valid.join(", "))
            }
            (None, _) => kind.to_string(),
        },
    };
    format!("{setting}: {reason}")
}

/// The variable whose value is not UTF-8; clap does not name it.
fn unreadable_variable(command: &clap::Command) -> Option<String> {
    command
        .get_arguments()
        .filter_map(|known| known.get_env())
        .find(|name| std::env::var_os(name).is_some_and(|value| value.to_str().is_none()))
        .map(|name| name.to_string_lossy().into_owned())
}
