//! What a plain scalar means, as the YAML 1.1 reader that `kubectl` uses has it.

/// The text of a scalar, and whether it was written plainly.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scalar<'t> {
    pub(crate) text: &'t str,
    pub(crate) plain: bool,
}

impl<'t> Scalar<'t> {
    /// Whether it stands for nothing.
    pub(crate) fn is_null(self) -> bool {
        self.plain && matches!(self.text, "" | "~" | "null" | "Null" | "NULL")
    }

    /// The truth value. `y`, `yes` and `on` are true in YAML 1.1.
    pub(crate) fn boolean(self) -> Option<bool> {
        if !self.plain {
            return None;
        }
        match self.text {
            "true" | "True" | "TRUE" | "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => Some(true),
            "false" | "False" | "FALSE" | "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => {
                Some(false)
            }
            _ => None,
        }
    }

    /// The whole number. A leading zero makes it octal in YAML 1.1; but `080`, which cannot be octal, is 80 to the YAML
    /// library of Kubernetes.
    pub(crate) fn integer(self) -> Option<i64> {
        let first = self.text.bytes().next()?;
        if !self.plain || !(first.is_ascii_digit() || matches!(first, b'-' | b'+')) {
            return None;
        }
        let text = self.text.replace('_', "");
        let (sign, digits) = match text.strip_prefix('-') {
            Some(digits) => ("-", digits),
            None => ("", text.strip_prefix('+').unwrap_or(&text)),
        };
        let (radix, digits) = match digits.as_bytes() {
            [b'0', b'x', ..] => (16, digits.get(2..)?),
            [b'0', b'o', ..] => (8, digits.get(2..)?),
            [b'0', b'b', ..] => (2, digits.get(2..)?),
            [b'0', rest @ ..] if rest.iter().any(|digit| matches!(digit, b'8' | b'9')) => (10, digits),
            [b'0', _, ..] => (8, digits.get(1..)?),
            _ => (10, digits),
        };
        if digits.starts_with(['-', '+']) {
            return None;
        }
        i64::from_str_radix(&format!("{sign}{digits}"), radix).ok()
    }

    /// Whether it is a number with a fraction or an exponent.
    pub(crate) fn is_float(self) -> bool {
        let first = self.text.bytes().next().unwrap_or(b'x');
        let number = first.is_ascii_digit() || matches!(first, b'-' | b'+' | b'.');
        self.plain
            && number
            && (self.text.parse::<f64>().is_ok() || matches!(self.text, ".inf" | "-.inf" | ".nan" | ".NaN"))
    }

    /// The text, unless it is a number, a truth value or nothing.
    pub(crate) fn string(self) -> Option<&'t str> {
        let other = self.plain
            && (self.is_null() || self.boolean().is_some() || self.integer().is_some() || self.is_float());
        (!other).then_some(self.text)
    }

    /// What it is, for messages.
    pub(crate) fn describe(self) -> &'static str {
        if self.is_null() {
            "nothing"
        } else if self.boolean().is_some() {
            "a truth value"
        } else if self.integer().is_some() {
            "a number"
        } else if self.is_float() {
            "a number with a fraction or an exponent"
        } else {
            "text"
        }
    }
}
