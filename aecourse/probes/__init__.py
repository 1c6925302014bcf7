"""Is a code any good? Classifiers, clusters and neighbourhoods on frozen codes, beside what gives them a meaning."""

from aecourse.probes.comparison import BASELINES, MEASURES, compare_codes
from aecourse.probes.structure import ClusterAgreement, cluster_agreement, trustworthiness
from aecourse.probes.supervised import knn_probe, linear_probe

__all__ = [
    "BASELINES",
    "MEASURES",
    "ClusterAgreement",
    "cluster_agreement",
    "compare_codes",
    "knn_probe",
    "linear_probe",
    "trustworthiness",
]
