"""Run card of training."""

from pathlib import Path

from tasks.store.cards import table
from tasks.store.records import read_json
from tasks.store.refs import Manifest


def card(directory: Path, manifest: Manifest) -> str:
    """Return the card: what was trained, with which choices, how the loss went."""
    said = read_json(directory / "training.json")
    facts = manifest.facts
    base = "NF4, double quantisation" if said["quantised"] else said["base_dtype"]
    early = " (stopped early)" if said["stopped_early"] else ""
    packing = said["packing"]
    packed = (
        f"{packing['documents']} rows in {packing['packed_rows']} of {packing['packed_to']} tokens, "
        f"{packing['filled']:.1%} filled"
        if packing
        else "none"
    )
    rows = [
        ["method", f"{said['method']}, r {said['r']}, lora_alpha {said['lora_alpha']}"],
        ["base held in", base],
        ["computed in", said["compute_dtype"]],
        ["optimiser", said["optim"]],
        ["device", facts.get("device", "")],
        ["trained parameters", f"{said['trainable_parameters']:,} of {said['total_parameters']:,}"],
        ["packing", packed],
        ["steps", f"{said['steps']} of {said['planned_steps']}{early}"],
        ["kept", f"step {said['best_step']}, validation loss {said['best_validation_loss']:.4f}"],
        ["training loss", f"{said['first_loss']:.4f} at first, {said['last_loss']:.4f} at last"],
        ["went on from", facts.get("resumed_from") or "the start"],
    ]
    history = read_json(directory / "history.json")
    curve = table(["step", "validation loss"], [[point["step"], point["loss"]] for point in history["validation"]])
    return table(["what", "value"], rows) + "\n" + curve + f"\nCurve: `{directory / 'notes' / 'loss.svg'}`\n"
