"""What a merge changed, and how much of it the rounding swallowed."""

import math
from dataclasses import dataclass, field
from typing import Any

LOST_WARNING = 0.2
NOISE_WARNING = 1.0


@dataclass(frozen=True)
class Part:
    """Sums over a block of one tensor; the fields are those of `Delta`."""

    base: float
    intended: float
    change: float
    error: float
    changed: int
    elements: int


def compare(base: Any, without: Any, exact: Any, result: Any) -> Part:
    """Compare a block before and after; all four have the same shape.

    Args:
        base: The base in float32.
        without: The base in the stored type.
        exact: The merged weights in float32.
        result: The merged weights in the stored type.
    """
    intended = exact - base
    # Never in place here: in float32, `result.float()` is `result` itself.
    change = result.float() - without.float()
    squares = (_square(base), _square(intended), _square(change))
    changed = int(change.count_nonzero())
    return Part(*squares, _square(change.sub_(intended)), changed, base.numel())


@dataclass
class Delta:
    """Sums over the tensors that the adapter names.

    A change is measured against the base rounded alike, so that a base which was read back from 4 bits counts as the
    base and not as a change.

    Attributes:
        base: Sum of squares of the base's weights.
        intended: Sum of squares of the change before it was rounded.
        change: Sum of squares of the change as it is stored.
        error: Sum of squares of their difference.
        elements: All elements.
        changed: Elements that differ after rounding, by the tensor's name.
    """

    base: float = 0.0
    intended: float = 0.0
    change: float = 0.0
    error: float = 0.0
    elements: int = 0
    changed: dict[str, int] = field(default_factory=dict)

    def add(self, name: str, part: Part | None) -> None:
        """Add a block of a tensor; None: the adapter does not name the tensor."""
        if part is None:
            return
        self.base += part.base
        self.intended += part.intended
        self.change += part.change
        self.error += part.error
        self.elements += part.elements
        self.changed[name] = self.changed.get(name, 0) + part.changed

    @property
    def tensors(self) -> int:
        """How many tensors the adapter names."""
        return len(self.changed)

    @property
    def unchanged(self) -> list[str]:
        """Names of tensors in which nothing differs after rounding."""
        return [name for name, count in self.changed.items() if not count]

    def figures(self) -> dict[str, float]:
        """Return the figures of the change.

        `relative_norm` and `intended_norm` are the norms of the change after and before rounding, relative to the
        base's. `changed_share` is the share of elements that differ. `lost_share` is the part of the intended change
        that is missing from the stored one, in the change's own direction: about 0 while changes are as large as the
        steps of the stored type, 1 when they all vanish. `rounding_noise` is the norm of what rounding made of the
        change, relative to the change.
        """
        # The product of both changes, from the lengths of the triangle that they make.
        kept = (self.intended + self.change - self.error) / 2
        return {
            "relative_norm": math.sqrt(self.change / self.base) if self.base else 0.0,
            "intended_norm": math.sqrt(self.intended / self.base) if self.base else 0.0,
            "changed_share": sum(self.changed.values()) / self.elements if self.elements else 0.0,
            "lost_share": min(1.0, max(0.0, 1 - kept / self.intended)) if self.intended else 0.0,
            "rounding_noise": math.sqrt(self.error / self.intended) if self.intended else 0.0,
            "unchanged_tensors": float(len(self.unchanged)),
        }

    def warnings(self) -> list[str]:
        """Return what an operator should know before this merge is trusted.

        A fifth of the change lost means that many weights did not move at all; noise above 1 means that rounding
        moved the weights further than training did. Both call for more training or a wider type, not for a stop: the
        parity proof says whether answers suffer.
        """
        found, figures = [], self.figures()
        if figures["lost_share"] > LOST_WARNING:
            found.append(
                f"near no-op: rounding swallowed {figures['lost_share']:.0%} of the adapter's change; "
                f"{1 - figures['changed_share']:.0%} of its target weights are the base's. Train longer, with a higher "
                "learning rate, or from a base in a wider type."
            )
        elif figures["rounding_noise"] > NOISE_WARNING:
            found.append(
                f"weak adapter: rounding moved the weights {figures['rounding_noise']:.1f} times as far as the adapter "
                "does. Train longer, with a higher learning rate, or from a base in a wider type."
            )
        if self.unchanged:
            found.append(
                f"{len(self.unchanged)} of {self.tensors} tensors came out as the base's, bit for bit (the first: "
                f"{self.unchanged[0]}): the adapter's change there is empty or below the rounding."
            )
        return found


def _square(values: Any) -> float:
    """Sum of squares. A block is small enough for float32 here; blocks are added up in float64."""
    flat = values.reshape(-1)
    return float(flat.dot(flat))
