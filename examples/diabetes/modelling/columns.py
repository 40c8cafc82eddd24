"""The columns of the study, by names that can be read."""

import pandas as pd

TARGET = "progression"

READABLE = {
    "age": "age",
    "sex": "sex",
    "bmi": "body_mass_index",
    "bp": "blood_pressure",
    "s1": "total_cholesterol",
    "s2": "ldl",
    "s3": "hdl",
    "s4": "cholesterol_ratio",
    "s5": "log_triglycerides",
    "s6": "blood_sugar",
    "target": TARGET,
}
"""The names in scikit-learn's data set, and ours."""


def features_and_target(data: pd.DataFrame) -> tuple[pd.DataFrame, pd.Series]:
    """The table without the target, and the target."""
    return data.drop(columns=TARGET), data[TARGET]
