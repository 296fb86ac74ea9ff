//! What stands at a place of a text: where its fields are written, and the same told without lines, for whoever wants to
//! know it again when lines have moved.

use super::{Editor, Found, NodeId, Tree};
use sekisho_core::object::{Origin, Span};
use std::sync::Arc;

/// What stands at a place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// The object that it is a part of, as `Kind namespace/name`; `None` where the text around has no kind and name.
    pub object: Option<String>,
    /// The way to it from the object, `spec.ingress[].from[].ipBlock.cidr`: entries have no number, for others come and
    /// go before them.
    pub path: String,
    /// What tells it from others on the same way: the value, where it is a single one, or else all that is written in the
    /// entry of a list that it is a part of. Nothing of a rule, of which peers and ports come and go.
    pub value: String,
}

/// The lists of which an entry is a rule.
const RULES: [&str; 2] = ["ingress", "egress"];

impl<'s> Editor<'s> {
    /// Where the field `path` of what stands at `origin` is written, its key and value; `origin` itself where it is
    /// not.
    #[must_use]
    pub fn locate(&self, origin: &Origin, path: &[&str]) -> Origin {
        let Some(text) = self.sources.get(&origin.source).filter(|_| origin.is_known() && !path.is_empty())
        else {
            return origin.clone();
        };
        let place = self.with_document(origin, text, |found| {
            let mut at = found.node;
            let mut key = None;
            for name in path {
                let Some((name, value)) = found.tree.entry(at, name) else { break };
                (key, at) = (Some(name), value);
            }
            let key = key?;
            let start: Span = found.tree.place(key).into();
            Some(Span { end: found.end(at).max(start.end), ..start })
        });
        match place {
            Ok(Some(span)) => Origin { source: Arc::clone(&origin.source), span },
            _ => origin.clone(),
        }
    }

    /// The first line of what is written at `origin`; `None` where there is no text.
    #[must_use]
    pub fn line(&self, origin: &Origin) -> Option<&'s str> {
        let text = self.sources.get(&origin.source).filter(|_| origin.is_known())?;
        text.get(origin.span.start..origin.span.end)?.lines().next().map(str::trim)
    }

    /// What stands at `origin`; `None` where nothing begins there, as behind a `#`, or in a text that cannot be read.
    #[must_use]
    pub fn standing(&self, origin: &Origin) -> Option<Standing> {
        let text = self.sources.get(&origin.source).filter(|_| origin.is_known())?;
        self.with_document(origin, text, |found| standing(found, origin.span)).ok()
    }

    /// The way to `origin` from the object that it is a part of, for people: `spec.ingress[0].from[1]`. Empty for the object
    /// itself, and `None` where there is no text.
    #[must_use]
    pub fn way(&self, origin: &Origin) -> Option<String> {
        let text = self.sources.get(&origin.source).filter(|_| origin.is_known())?;
        let numbered =
            |found: &Found<'_>| written(&steps(found, origin.span).1, |number| format!("[{number}]"));
        self.with_document(origin, text, numbered).ok()
    }
}

fn standing(found: &Found<'_>, span: Span) -> Standing {
    let tree = found.tree;
    let (object, steps) = steps(found, span);
    let path = written(&steps, |_| "[]".to_owned());
    let node = steps.last().map_or(found.node, Step::node);
    let value = match tree.scalar(node) {
        Some(scalar) => scalar.text.to_owned(),
        None => entry(&steps).map(|entry| words(tree, entry)).unwrap_or_default(),
    };
    Standing { object, path, value }
}

/// The object around what was found, and the steps from it.
fn steps<'f>(found: &'f Found<'_>, span: Span) -> (Option<String>, Vec<Step<'f>>) {
    let tree = found.tree;
    let mut way: Vec<NodeId> = found.around.clone();
    way.push(found.node);
    way.extend(first_key(found, span));
    let root = way.iter().rposition(|node| name(tree, *node).is_some());
    let object = root.and_then(|at| name(tree, *way.get(at)?));
    let pairs = way.windows(2).skip(root.unwrap_or(0));
    (object, pairs.filter_map(|pair| step(tree, pair.first()?, pair.last()?)).collect())
}

/// A way in words, in which the entry of a list is as `entry` writes its number.
fn written(steps: &[Step<'_>], entry: impl Fn(usize) -> String) -> String {
    let mut path = String::new();
    for step in steps {
        match step {
            Step::Key(key, _) if path.is_empty() => path.push_str(key),
            Step::Key(key, _) => path.extend([".", key]),
            Step::Entry(_, number) => path.push_str(&entry(*number)),
        }
    }
    path
}

/// The first key of what was found, where `span` is of that and its value: a mapping begins where its first key does.
fn first_key(found: &Found<'_>, span: Span) -> Option<NodeId> {
    if Span::from(found.tree.place(found.node)) == span {
        return None;
    }
    let (key, value) = found.tree.mapping(found.node)?.next()?;
    (found.start(key) == span.start && found.end(value) == span.end).then_some(key)
}

/// A step further in.
enum Step<'f> {
    /// To the value of a key.
    Key(&'f str, NodeId),
    /// To an entry of a list, and which one from zero.
    Entry(NodeId, usize),
}

impl Step<'_> {
    fn node(&self) -> NodeId {
        match self {
            Self::Key(_, node) | Self::Entry(node, _) => *node,
        }
    }
}

/// The step from a value to one in it: a key stands for what it has.
fn step<'f>(tree: &'f Tree<'f>, outer: &NodeId, inner: &NodeId) -> Option<Step<'f>> {
    if let Some(entries) = tree.sequence(*outer) {
        return Some(Step::Entry(*inner, entries.iter().position(|entry| entry == inner)?));
    }
    let (key, value) = tree.mapping(*outer)?.find(|(key, value)| key == inner || value == inner)?;
    Some(Step::Key(tree.key_text(key), value))
}

/// The innermost entry of a list on the way that is no rule.
fn entry(steps: &[Step<'_>]) -> Option<NodeId> {
    let is_rule = |list: Option<&Step<'_>>| matches!(list, Some(Step::Key(key, _)) if RULES.contains(key));
    let lists = std::iter::once(None).chain(steps.iter().map(Some));
    let entries =
        steps.iter().zip(lists).filter(|(step, list)| matches!(step, Step::Entry(..)) && !is_rule(*list));
    entries.last().map(|(step, _)| step.node())
}

/// All that is written in a value, as words: however it is laid out, it is the same.
fn words(tree: &Tree<'_>, node: NodeId) -> String {
    let (mut words, mut left) = (Vec::new(), vec![node]);
    while let Some(node) = left.pop() {
        if let Some(scalar) = tree.scalar(node) {
            words.push(scalar.text);
        } else if let Some(entries) = tree.sequence(node) {
            left.extend(entries.iter().rev());
        } else if let Some(pairs) = tree.mapping(node) {
            let inner: Vec<NodeId> = pairs.flat_map(|(key, value)| [key, value]).collect();
            left.extend(inner.iter().rev());
        }
    }
    words.join(" ")
}

/// The kind and the name of an object.
fn name(tree: &Tree<'_>, node: NodeId) -> Option<String> {
    let text =
        |at: NodeId, key: &str| Some(tree.key_text(tree.get(at, key)?)).filter(|text| !text.is_empty());
    let (kind, metadata) = (text(node, "kind")?, tree.get(node, "metadata")?);
    let name = text(metadata, "name")?;
    Some(match text(metadata, "namespace") {
        Some(namespace) => format!("{kind} {namespace}/{name}"),
        None => format!("{kind} {name}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: &str = "\
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {}
  ingress:
    - from:
        - podSelector: {matchLabels: {app: a}}
        - ipBlock:
            cidr: 10.0.0.0/8 # all
            except: [10.1.0.0/16]
      ports:
        - port: 80
";

    /// What stands where `mark` is written in `text`.
    fn at(text: &str, mark: &str) -> Option<(String, String, String)> {
        let start = text.find(mark).unwrap();
        let line = u32::try_from(text[..start].matches('\n').count()).unwrap() + 1;
        let span = Span { line, column: 1, start, end: start + mark.len() };
        let sources = [("a".into(), text.into())].into();
        let standing = Editor::new(&sources).standing(&Origin { source: "a".into(), span })?;
        Some((standing.object.unwrap_or_default(), standing.path, standing.value))
    }

    #[test]
    fn a_place_is_told_without_lines() {
        for (mark, path, value) in [
            ("kind: NetworkPolicy", "kind", "NetworkPolicy"),
            ("kind: N", "", ""),
            ("podSelector: {}", "spec.podSelector", ""),
            ("from:\n", "spec.ingress[]", ""),
            (
                "podSelector: {matchLabels: {app: a}}",
                "spec.ingress[].from[].podSelector",
                "podSelector matchLabels app a",
            ),
            ("cidr: 10.0.0.0/8", "spec.ingress[].from[].ipBlock.cidr", "10.0.0.0/8"),
            ("10.1.0.0/16", "spec.ingress[].from[].ipBlock.except[]", "10.1.0.0/16"),
            ("port: 80", "spec.ingress[].ports[].port", "80"),
        ] {
            let expected = ("NetworkPolicy shop/web".to_owned(), path.to_owned(), value.to_owned());
            assert_eq!(at(POLICY, mark), Some(expected), "{mark}");
        }
        assert_eq!(at(POLICY, "# all"), None);
    }

    #[test]
    fn a_place_is_told_to_people() {
        for (mark, way) in [
            ("cidr: 10.0.0.0/8", "spec.ingress[0].from[1].ipBlock.cidr"),
            ("10.1.0.0/16", "spec.ingress[0].from[1].ipBlock.except[0]"),
            ("port: 80", "spec.ingress[0].ports[0].port"),
            ("kind: N", ""),
        ] {
            let start = POLICY.find(mark).unwrap();
            let line = u32::try_from(POLICY[..start].matches('\n').count()).unwrap() + 1;
            let span = Span { line, column: 1, start, end: start + mark.len() };
            let sources = [("a".into(), POLICY.into())].into();
            let told = Editor::new(&sources).way(&Origin { source: "a".into(), span });
            assert_eq!(told.as_deref(), Some(way), "{mark}");
        }
    }

    #[test]
    fn lines_and_layout_do_not_matter() {
        let flow = "# moved\nkind: List\nitems:\n- kind: NetworkPolicy\n  metadata: {name: web, namespace: shop}\n  spec: {ingress: [{}, {from: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16]}}]}]}\n";
        let moved = POLICY.replace("    - from:", "    - {}\n    - from:");
        assert_eq!(at(flow, "ipBlock"), at(POLICY, "ipBlock"));
        assert_eq!(at(&moved, "ipBlock"), at(POLICY, "ipBlock"));
        assert!(
            at(POLICY, "ipBlock")
                .is_some_and(|(.., value)| value == "ipBlock cidr 10.0.0.0/8 except 10.1.0.0/16")
        );
    }

    #[test]
    fn what_is_no_object_has_a_way_from_the_top() {
        let expected = (String::new(), "exceptions[].until".to_owned(), "2020-01-01".to_owned());
        assert_eq!(at("exceptions:\n- until: 2020-01-01\n", "until"), Some(expected));
        assert_eq!(at("a: [", "["), None);
    }
}
