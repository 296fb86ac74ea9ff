//! Heights of things in layers, so that what is joined is near and nothing overlaps.
//!
//! The order within a layer follows what its things are joined to, layer after layer, there and back
//! (the barycentre method of Sugiyama, Tagawa and Toda, 1981); places in that order are the nearest
//! to where each wants to be (isotonic regression).

/// How often all layers are gone through.
const SWEEPS: usize = 24;

/// A thing in a layer.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Slot {
    /// How high it is.
    pub(super) height: f64,
    /// The room that it keeps free above and below.
    pub(super) space: f64,
    /// Where it is, from above.
    pub(super) y: f64,
}

/// What joins a thing of a layer to one of the next.
#[derive(Clone, Copy, Debug)]
pub(super) struct Joint {
    /// The number of the thing in the left layer.
    pub(super) left: usize,
    /// Where the wire meets it, below its upper edge.
    pub(super) left_offset: f64,
    /// The number of the thing in the right layer.
    pub(super) right: usize,
    /// Where the wire meets it.
    pub(super) right_offset: f64,
}

/// Sets `y` of everything. `joints` of a number join the layer of the number to the next.
pub(super) fn place(layers: &mut [Vec<Slot>], joints: &[Vec<Joint>]) {
    for layer in layers.iter_mut() {
        let mut y = 0.0;
        for slot in layer {
            slot.y = y + slot.space;
            y = slot.y + slot.height + slot.space;
        }
    }
    let mut best = (length(layers, joints), layers.to_vec());
    for sweep in 0..SWEEPS {
        // The first sweeps look back, the last to both sides.
        let both = sweep >= SWEEPS / 2;
        let forward = sweep % 2 == 0;
        let mut order: Vec<usize> = (0..layers.len()).collect();
        if !forward {
            order.reverse();
        }
        for at in order {
            settle(layers, joints, at, both || forward, both || !forward);
        }
        let reached = length(layers, joints);
        if reached < best.0 {
            best = (reached, layers.to_vec());
        }
    }
    layers.iter_mut().zip(best.1).for_each(|(layer, best)| *layer = best);
    let top = layers.iter().flatten().map(|slot| slot.y).fold(f64::INFINITY, f64::min);
    layers.iter_mut().flatten().for_each(|slot| slot.y -= top);
}

/// How far wires go up and down in all.
fn length(layers: &[Vec<Slot>], joints: &[Vec<Joint>]) -> f64 {
    let mut sum = 0.0;
    for (pair, joints) in layers.windows(2).zip(joints) {
        let [left, right] = pair else { continue };
        for joint in joints {
            if let (Some(a), Some(b)) = (left.get(joint.left), right.get(joint.right)) {
                sum += (a.y + joint.left_offset - b.y - joint.right_offset).abs();
            }
        }
    }
    sum
}

/// Moves the things of the layer at `at` to where those beside it want them.
fn settle(layers: &mut [Vec<Slot>], joints: &[Vec<Joint>], at: usize, by_left: bool, by_right: bool) {
    let Some(layer) = layers.get(at) else { return };
    let mut wishes: Vec<(f64, f64)> = vec![(0.0, 0.0); layer.len()];
    let mut wish = |thing: usize, y: f64| {
        if let Some((sum, count)) = wishes.get_mut(thing) {
            *sum += y;
            *count += 1.0;
        }
    };
    let left = at.checked_sub(1).filter(|_| by_left);
    if let (Some(slots), Some(joints)) =
        (left.and_then(|at| layers.get(at)), left.and_then(|at| joints.get(at)))
    {
        for joint in joints {
            let Some(other) = slots.get(joint.left) else { continue };
            wish(joint.right, other.y + joint.left_offset - joint.right_offset);
        }
    }
    if let (Some(slots), Some(joints), true) = (layers.get(at + 1), joints.get(at), by_right) {
        for joint in joints {
            let Some(other) = slots.get(joint.right) else { continue };
            wish(joint.left, other.y + joint.right_offset - joint.left_offset);
        }
    }
    let wished: Vec<Wish> = layer
        .iter()
        .zip(&wishes)
        .enumerate()
        .map(|(thing, (slot, (sum, count)))| Wish {
            thing,
            y: if *count > 0.0 { sum / count } else { slot.y },
            weight: count.max(0.2),
            height: slot.height,
            space: slot.space,
        })
        .collect();
    for (thing, y) in nearest(wished) {
        if let Some(slot) = layers.get_mut(at).and_then(|layer| layer.get_mut(thing)) {
            slot.y = y;
        }
    }
}

/// Where a thing wants to be.
struct Wish {
    thing: usize,
    y: f64,
    weight: f64,
    height: f64,
    space: f64,
}

/// Things that touch: their wishes by weight and the weights, each added up, and the things with what is
/// above each.
type Block = (f64, f64, Vec<(usize, f64)>);

/// Places one below the other, in the order of their middles, which are as near to the wishes as can be.
fn nearest(mut wishes: Vec<Wish>) -> Vec<(usize, f64)> {
    let middle = |wish: &Wish| wish.y + wish.height / 2.0;
    wishes.sort_by(|a, b| middle(a).total_cmp(&middle(b)).then(a.thing.cmp(&b.thing)));
    // With the heights above it taken away, each has to be no higher than the one before: blocks of
    // things that touch are joined while they are out of order.
    let mut above = 0.0;
    let mut blocks: Vec<Block> = Vec::new();
    let mut last: Option<&Wish> = None;
    for wish in &wishes {
        if let Some(last) = last {
            above += last.height + last.space.max(wish.space);
        }
        last = Some(wish);
        let mut block = ((wish.y - above) * wish.weight, wish.weight, vec![(wish.thing, above)]);
        while let Some(before) = blocks.pop_if(|before| before.0 / before.1 >= block.0 / block.1) {
            let mut members = before.2;
            members.append(&mut block.2);
            block = (before.0 + block.0, before.1 + block.1, members);
        }
        blocks.push(block);
    }
    let places = |(sum, weight, members): (f64, f64, Vec<(usize, f64)>)| {
        members.into_iter().map(move |(thing, above)| (thing, sum / weight + above))
    };
    blocks.into_iter().flat_map(places).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn things_come_as_near_to_their_wishes_as_they_may() {
        let wish = |thing, y| Wish { thing, y, weight: 1.0, height: 10.0, space: 2.0 };
        let mut places = nearest(vec![wish(0, 50.0), wish(1, 0.0), wish(2, 50.0)]);
        places.sort_by_key(|(thing, _)| *thing);
        assert_eq!(places, [(0, 44.0), (1, 0.0), (2, 56.0)]);
    }
}
