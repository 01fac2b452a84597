"""The explorer of slides S9 and S10: `view` is what it shows, its pictures show how, `explorer` the controls.

`losses` and `losses_picture` show how the loss of a model rises in few bits, without any control.
"""

from course_lib.explorers import hand_on

__all__, __getattr__, __dir__ = hand_on(
    __name__,
    {
        "QuantizationExplorer": "explorer",
        "QuantizationPicture": "picture",
        "ErrorPicture": "error",
        "HistogramPicture": "histogram",
        "MappingPicture": "mapping",
        "StaircasePicture": "staircase",
        "QuantizedLossPicture": "losses_picture",
        "QuantizedLossView": "losses",
        "quantized_loss_view": "losses",
        "QuantizationView": "view",
        "quantization_view": "view",
    },
)
