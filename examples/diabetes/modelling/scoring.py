"""How every model here is judged, in one place, so that they can be compared."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.base import RegressorMixin
from sklearn.metrics import mean_absolute_error, r2_score, root_mean_squared_error
from sklearn.model_selection import KFold, cross_val_score

from modelling.columns import features_and_target


def cross_validated_rmse(model: RegressorMixin, train: pd.DataFrame, folds: int) -> np.ndarray:
    """Root mean squared error in each fold. The folds are the same for every model."""
    features, target = features_and_target(train)
    splitter = KFold(n_splits=folds, shuffle=True, random_state=0)
    return -cross_val_score(model, features, target, cv=splitter, scoring="neg_root_mean_squared_error")


def scores(observed: pd.Series, predicted: np.ndarray) -> dict[str, float]:
    """The three numbers of the report. Errors are in units of the target."""
    return {
        "rmse": float(root_mean_squared_error(observed, predicted)),
        "mae": float(mean_absolute_error(observed, predicted)),
        "r2": float(r2_score(observed, predicted)),
    }


def judge(model: RegressorMixin, train: pd.DataFrame, test: pd.DataFrame, folds: int) -> dict[str, float]:
    """Scores of a fitted model on rows it has not seen, and by cross-validation on the training rows."""
    features, target = features_and_target(test)
    by_fold = cross_validated_rmse(model, train, folds)
    return {
        **scores(target, model.predict(features)),
        "cv_rmse": float(by_fold.mean()),
        "cv_rmse_std": float(by_fold.std(ddof=1)),
    }


def write_metrics(metrics: dict[str, float], path: str) -> None:
    """Write the scores as JSON, rounded: noise in the last digits should not look like news."""
    rounded = {name: round(value, 4) for name, value in metrics.items()}
    Path(path).write_text(json.dumps(rounded, indent=2) + "\n", encoding="utf-8")
