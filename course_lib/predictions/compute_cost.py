"""What lesson 1 asks before it shows: compute cost, slides S1 and S2."""

from __future__ import annotations

from course_lib import catalog
from course_lib.compute_cost import training_flop
from course_lib.predictions.prediction import Known, Prediction, prediction


@prediction("1a")
def cost_of_gpt_3() -> Prediction:
    """The cost of GPT-3, as a power of ten."""
    run = catalog.training_run("GPT-3 175B")
    return Prediction(
        asks="GPT-3 has 174.6 B parameters (1 B is 10⁹) and was trained on 300 B tokens. What is its cost nearest to?",
        options={"10²⁰ FLOP": 1e20, "10²³ FLOP": 1e23, "10²⁶ FLOP": 1e26},
        truth=training_flop(run.parameters, run.tokens),
        facts={
            "P": Known(174.6e9, "174.6 B parameters"),
            "D": Known(300e9, "300 B tokens"),
            "rule": Known(lambda P, D: 6 * P * D, "six operations for every parameter and every token"),
        },
        reason=lambda P, D, rule: rule(P, D),
        shown=("3.14e+23", "3.14e23"),
    )
