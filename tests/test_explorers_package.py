"""Explorer, view and pictures are had from a topic's folder."""

from importlib import import_module
from pkgutil import iter_modules

import pytest

from course_lib import explorers
from course_lib.explorers.base import Explorer
from course_lib.explorers.picture import Picture
from course_lib.questions import TOPICS

NAMES = {
    "compute_cost": "ComputeCostExplorer ComputeCostPicture ComputeCostView compute_cost_view "
    "FlopCountPicture FlopCountView LiveSpeed LiveTraining RunHoursPicture RunHoursView SpeedPicture SpeedView "
    "TrainingPicture TrainingView flop_count_view run_hours_view speed_view training_view",
    "units": "UnitConverter UnitPicture UnitView unit_view",
    "scaling": "ScalingExplorer ScalingPicture WideScalingPicture ScalingView scaling_view "
    "IsoFlopExplorer LadderPicture HoffmannPicture LopsidedPicture IsoFlopView iso_flop_view",
    "memory": "MemoryExplorer MemoryPicture MemoryBar MemoryView memory_view "
    "KeptPicture KeptView kept_view PeakPicture PeakView peak_view StatesPicture StatesView states_view",
    "number_formats": "FloatDecoder BitPattern FloatDecoderPicture FloatDecoderView float_decoder_view "
    "TrainingFormatExplorer TrainingFormatPicture TrainingFormatView training_format_view",
    "quantization": "QuantizationExplorer QuantizationPicture ErrorPicture HistogramPicture MappingPicture "
    "StaircasePicture QuantizationView quantization_view "
    "QuantizedLossPicture QuantizedLossView quantized_loss_view",
    "plan": "TrainingRunPlanner PlanPicture PlanMap PlanView plan_view",
    "since_the_lecture": "BlockExplorer BlockPicture BlockView Flips block_view ImagesPicture ImagesView images_view "
    "RooflinePicture RooflineView roofline_view",
}


def package(topic):
    return import_module(f"course_lib.explorers.{topic}")


def modules(topic):
    folder = package(topic)
    return [import_module(f"{folder.__name__}.{one.name}") for one in iter_modules(folder.__path__)]


@pytest.mark.parametrize("topic", TOPICS)
def test_the_names_are_had_from_the_folder_and_listed(topic):
    names = NAMES[topic].split()
    assert {getattr(package(topic), name).__name__ for name in names} == {*names}
    assert {*names} == {*package(topic).__all__} == {*dir(package(topic))}


@pytest.mark.parametrize("topic", TOPICS)
def test_no_explorer_view_or_picture_is_left_out(topic):
    defined = {
        name
        for module in modules(topic)
        for name, value in vars(module).items()
        if getattr(value, "__module__", "") == module.__name__ and not name.startswith("_")
        if name.endswith("_view") or (isinstance(value, type) and issubclass(value, Explorer | Picture))
    }
    assert len(defined) >= 3
    assert defined <= {*package(topic).__all__}


def test_an_explorer_is_the_same_from_the_folder_and_from_above():
    found = []
    for topic in TOPICS:
        here = [name for name in package(topic).__all__ if name in explorers.__all__]
        assert here[0] == NAMES[topic].split()[0]
        for name in here:
            kind = getattr(package(topic), name)
            assert issubclass(kind, Explorer)
            assert kind is getattr(explorers, name)
        found += here
    assert sorted(found) == sorted(explorers.__all__)


@pytest.mark.parametrize("module", [explorers, *(package(topic) for topic in TOPICS)])
def test_an_unknown_name_is_refused_as_in_any_module(module):
    with pytest.raises(AttributeError, match=f"module '{module.__name__}' has no attribute 'Nothing'"):
        module.Nothing  # noqa: B018
    with pytest.raises(ImportError, match="cannot import name 'Nothing'"):
        exec(f"from {module.__name__} import Nothing")
