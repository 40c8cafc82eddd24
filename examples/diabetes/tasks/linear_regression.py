# %% [markdown]
# # Linear regression
#
# The model to beat: quick, and its coefficients can be read. This task and the two other
# models need nothing from each other, so Cauce runs them at the same time.

# %% tags=["parameters"]
upstream = ["train-test-split"]
product = None
folds = None

# %%
from pathlib import Path

import joblib
import pandas as pd
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from modelling.columns import features_and_target
from modelling.plots import ranked_bars
from modelling.scoring import judge, write_metrics

# %%
train = pd.read_parquet(upstream["train-test-split"]["train"])
test = pd.read_parquet(upstream["train-test-split"]["test"])
features, target = features_and_target(train)

# %% [markdown]
# Standardised first, so that the coefficients are comparable: the change in the target
# when a measurement rises by one standard deviation.

# %%
model = make_pipeline(StandardScaler(), LinearRegression())
model.fit(features, target)

# %%
coefficients = pd.Series(model[-1].coef_, index=features.columns)
drawing = ranked_bars(
    coefficients,
    errors=None,
    title="Linear regression: effect of one standard deviation",
    label="change in progression",
)

# %% [markdown]
# Body mass index and triglycerides lead. Do not read much into the cholesterol columns:
# total, LDL and HDL are nearly a sum of one another, so large coefficients of opposite
# sign can cancel out.

# %%
features[["total_cholesterol", "ldl", "hdl", "cholesterol_ratio"]].corr().round(2)

# %%
metrics = judge(model, train, test, folds)
metrics

# %%
Path(product["model"]).parent.mkdir(parents=True, exist_ok=True)
joblib.dump(model, product["model"])
write_metrics(metrics, product["metrics"])
drawing.savefig(product["plot"], dpi=110)

test_features, observed = features_and_target(test)
predictions = pd.DataFrame({"observed": observed, "predicted": model.predict(test_features)})
predictions.to_parquet(product["predictions"], index=False)
