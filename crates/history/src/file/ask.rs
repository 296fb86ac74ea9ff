//! What flowed.

use super::{File, put};
use crate::{Error, keys, times};
use rusqlite::{Row, params_from_iter, types::Value};
use sekisho_flow::{
    query::{FlowEnd, Period, Query},
    record::{Flow, Key},
};
use std::{collections::HashMap, ops::ControlFlow};

/// Up to so many keys are looked for one by one; windows of more are read by time, and those of other keys passed over.
const FEW: i64 = 512;

/// A row, but for its window.
const ROW: &str = "w.start, w.stop, w.key, w.count, w.first, w.last, w.details, k.text";

impl File {
    /// What is asked from now on is answered as it is now, whatever is written meanwhile. While this is there the log
    /// grows.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn stand_still(&self) -> Result<(), Error> {
        // What is read first says of which moment the rest is.
        Ok(self.connection.execute_batch("BEGIN; SELECT before FROM skew")?)
    }

    /// Hands `each` the flows that are asked for, sorted by window and key, until it says that it has enough. What
    /// was put with equal keys and minutes is one flow.
    ///
    /// Memory follows the most flows of one window, and how many keys the answer has.
    ///
    /// # Errors
    /// When the history cannot be read.
    pub fn flows(&self, query: &Query, mut each: impl FnMut(Flow) -> ControlFlow<()>) -> Result<(), Error> {
        let asked = self.narrowed(query)?;
        let mut statement = self.connection.prepare_cached(&asked.text)?;
        let mut rows = statement.query(params_from_iter(asked.values))?;
        let mut keys = Keys { query, known: HashMap::new() };
        let mut of_window: Vec<Flow> = Vec::new();
        while let Some(row) = rows.next()? {
            let Some(flow) = keys.flow(row)? else { continue };
            if of_window.first().is_some_and(|first| first.window != flow.window)
                && hand_out(&mut of_window, &mut each).is_break()
            {
                return Ok(());
            }
            of_window.push(flow);
        }
        let _ = hand_out(&mut of_window, &mut each);
        Ok(())
    }

    /// What SQLite is asked: by time, namespace and outcome, the rest is for [`Query`].
    fn narrowed(&self, query: &Query) -> Result<Asked, Error> {
        let mut asked = Asked::default();
        asked.keys(query);
        let few = !asked.text.is_empty() && {
            let count = format!("SELECT count(*) FROM keys k WHERE TRUE{}", asked.text);
            let values = params_from_iter(asked.values.clone());
            self.connection.query_row(&count, values, |row| row.get::<_, i64>(0))? <= FEW
        };
        asked.period(query.period, self.skew()?);
        // In a `CROSS JOIN` SQLite goes through the left before the right.
        let tables = if few {
            "keys k CROSS JOIN windows w INDEXED BY windows_by_key ON w.key = k.id"
        } else {
            "windows w NOT INDEXED CROSS JOIN keys k ON k.id = w.key"
        };
        asked.text = format!("SELECT {ROW} FROM {tables} WHERE TRUE{} ORDER BY w.start, w.stop", asked.text);
        Ok(asked)
    }

    #[cfg(test)]
    pub(super) fn narrowed_text(&self, query: &Query) -> Result<(String, Vec<Value>), Error> {
        self.narrowed(query).map(|asked| (asked.text, asked.values))
    }

    /// By how many nanoseconds something was seen before, and after, its window began.
    fn skew(&self) -> Result<(i64, i64), Error> {
        let mut statement = self.connection.prepare_cached("SELECT before, after FROM skew")?;
        Ok(statement.query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?)
    }
}

fn hand_out(flows: &mut Vec<Flow>, each: &mut impl FnMut(Flow) -> ControlFlow<()>) -> ControlFlow<()> {
    flows.sort_unstable();
    flows.drain(..).try_for_each(each)
}

/// Conditions, each with its ` AND ` before it, and their values.
#[derive(Default)]
struct Asked {
    text: String,
    values: Vec<Value>,
}

impl Asked {
    fn keys(&mut self, query: &Query) {
        let namespaces = |ends: &[FlowEnd]| {
            let one = |end: &FlowEnd| match end {
                FlowEnd::Workload { namespace, .. } => Some(namespace.clone()),
                _ => None,
            };
            ends.iter().map(one).collect::<Option<Vec<String>>>().unwrap_or_default()
        };
        self.any("k.from_namespace", namespaces(&query.from));
        self.any("k.to_namespace", namespaces(&query.to));
        self.any("k.outcome", query.outcomes.iter().map(ToString::to_string).collect());
    }

    fn any(&mut self, column: &str, values: Vec<String>) {
        if values.is_empty() {
            return;
        }
        let places = vec!["?"; values.len()].join(", ");
        self.text.push_str(&format!(" AND {column} IN ({places})"));
        self.values.extend(values.into_iter().map(Value::Text));
    }

    fn period(&mut self, period: Period, (before, after): (i64, i64)) {
        if let Some(since) = period.since.map(times::nanos) {
            self.number("w.last >= ?", since);
            self.number("w.start >= ?", since.saturating_sub(after).div_euclid(times::of_seconds(1)));
        }
        if let Some(until) = period.until.map(times::nanos) {
            self.number("w.first < ?", until);
            self.number("w.start <= ?", until.saturating_add(before).div_euclid(times::of_seconds(1)));
        }
    }

    fn number(&mut self, condition: &str, value: i64) {
        self.text.push_str(" AND ");
        self.text.push_str(condition);
        self.values.push(Value::Integer(value));
    }
}

/// The keys that were met, each read once; `None` of those that are not asked for.
struct Keys<'q> {
    query: &'q Query,
    known: HashMap<i64, Option<Key>>,
}

impl Keys<'_> {
    /// The flow of a row, where it is asked for.
    fn flow(&mut self, row: &Row<'_>) -> Result<Option<Flow>, Error> {
        let id: i64 = row.get(2)?;
        let key = match self.known.get(&id) {
            Some(known) => known.clone(),
            None => {
                let key = keys::read(&row.get::<_, String>(7)?)?;
                let asked = self.query.is_key(&key).then_some(key);
                self.known.insert(id, asked.clone());
                asked
            }
        };
        let Some(key) = key else { return Ok(None) };
        let details: String = row.get(6)?;
        Ok(Some(Flow {
            window: times::window(row.get(0)?, row.get(1)?)?,
            key,
            seen: put::seen(row.get(3)?, row.get(4)?, row.get(5)?, &details)?,
        }))
    }
}
