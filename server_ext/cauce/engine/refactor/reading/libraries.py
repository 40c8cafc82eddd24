"""What well-known libraries do, as tables: to extend one, add a line.

Names are dotted, as they are called where they come from (``numpy.random.seed``, whatever the notebook calls
numpy); a table's entry that ends in ``.*`` stands for all below it, and ``()`` for what a call gives. Methods are
bare names: of which class an object is, nobody knows without running.
"""

from __future__ import annotations

from collections.abc import Mapping

__all__ = [
    "CHANGES_ARGUMENT",
    "CHANGES_GENERATOR_OF_ALL",
    "CHANGES_ITSELF",
    "CHANGES_ITSELF_IF_THROWN_AWAY",
    "DRAWS_PARTS",
    "DRAWS_UNLESS_SEEDED",
    "GIVES",
    "HARMLESS",
    "KNOWN_TO_LEAVE_ARGUMENTS",
    "METHOD_CHANGES_ARGUMENT",
    "METHOD_GIVES",
    "NAMES_OF_PATHS",
    "OF_CURRENT_FIGURE",
    "PARTS_OF_ARGUMENTS",
    "PARTS_OF_ITSELF",
    "PUTS_COPIES",
    "PUTS_IN",
    "READS_FILE",
    "RETURNS_ITSELF",
    "SAVES_FILE",
    "SETUP",
    "SETUP_MAGICS",
    "UNSTORABLE",
    "UNSTORABLE_METHODS",
    "WRITES_FILE",
    "lookup",
]


def lookup(table: Mapping[str, str], dotted: str) -> str | None:
    """The entry for a dotted name, or for what it is below."""
    found = table.get(dotted)
    while found is None and dotted:
        found = table.get(f"{dotted}.*")
        dotted = dotted.rpartition(".")[0]
    return found


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _table(meaning: str, names: str) -> dict[str, str]:
    return dict.fromkeys(names.split(), meaning)


# --- What changes the whole process --------------------------------------------------------

SETUP: Mapping[str, str] = {
    **_table(
        "random seed",
        """
        random.seed numpy.random.seed torch.manual_seed torch.cuda.manual_seed torch.cuda.manual_seed_all
        torch.use_deterministic_algorithms torch.backends.cudnn.* tensorflow.random.set_seed tensorflow.set_random_seed
        tensorflow.compat.v1.set_random_seed tensorflow.keras.utils.set_random_seed keras.utils.set_random_seed
        tensorflow.config.experimental.enable_op_determinism cupy.random.seed paddle.seed mxnet.random.seed
        pytorch_lightning.seed_everything lightning.seed_everything lightning.pytorch.seed_everything
        transformers.set_seed accelerate.utils.set_seed random.setstate numpy.random.set_state
        """,
    ),
    **_table(
        "plot style",
        """
        matplotlib.use matplotlib.style.use matplotlib.rc matplotlib.rcdefaults matplotlib.rcParams.*
        matplotlib.pyplot.style.use matplotlib.pyplot.rc matplotlib.pyplot.rcdefaults matplotlib.pyplot.rcParams.*
        matplotlib.pyplot.ion matplotlib.pyplot.ioff matplotlib.pyplot.switch_backend matplotlib.pyplot.set_cmap
        matplotlib.pylab.rcParams.* pylab.rcParams.* seaborn.set seaborn.set_theme seaborn.set_style
        seaborn.set_context seaborn.set_palette seaborn.set_color_codes seaborn.reset_defaults seaborn.reset_orig
        plotly.io.templates.* plotly.io.renderers.* plotly.express.defaults.* plotly.offline.init_notebook_mode
        cufflinks.go_offline cufflinks.set_config_file altair.data_transformers.* altair.renderers.* altair.themes.*
        altair.theme.* bokeh.io.output_notebook bokeh.plotting.output_notebook bokeh.io.curdoc().* holoviews.extension
        holoviews.opts.defaults hvplot.extension panel.extension matplotlib_inline.backend_inline.set_matplotlib_formats
        IPython.display.set_matplotlib_formats scienceplots.* pandas.plotting.register_matplotlib_converters
        """,
    ),
    **_table(
        "display options",
        """
        pandas.set_option pandas.reset_option pandas.options.* pandas.set_eng_float_format numpy.set_printoptions
        numpy.set_string_function torch.set_printoptions polars.Config.* xarray.set_options sklearn.set_config
        sympy.init_printing sympy.interactive.init_printing rich.pretty.install tqdm.tqdm.pandas tqdm.auto.tqdm.pandas
        tqdm.notebook.tqdm.pandas tqdm.pandas swifter.set_defaults pandarallel.pandarallel.initialize
        """,
    ),
    **_table(
        "warnings",
        """
        warnings.filterwarnings warnings.simplefilter warnings.resetwarnings numpy.seterr
        urllib3.disable_warnings transformers.logging.* transformers.utils.logging.* optuna.logging.*
        """,
    ),
    **_table(
        "logging",
        """
        logging.basicConfig logging.disable logging.captureWarnings logging.config.* logging.getLogger().*
        logging.root.* absl.logging.* tensorflow.get_logger().* tensorflow.compat.v1.logging.* loguru.logger.remove
        loguru.logger.add loguru.logger.configure
        """,
    ),
    **_table("working folder", "os.chdir"),
    **_table("environment", "os.environ.* os.putenv os.unsetenv dotenv.load_dotenv os.umask"),
    **_table("module path", "sys.path.* site.addsitedir"),
    **_table(
        "settings",
        """
        sys.setrecursionlimit locale.setlocale decimal.getcontext().* decimal.setcontext gc.disable gc.enable
        torch.set_default_dtype torch.set_default_device torch.set_default_tensor_type torch.set_num_threads
        torch.set_grad_enabled torch.set_float32_matmul_precision torch.multiprocessing.set_start_method
        multiprocessing.set_start_method tensorflow.config.* tensorflow.keras.backend.set_floatx
        tensorflow.keras.mixed_precision.* tensorflow.compat.v1.disable_eager_execution keras.backend.set_floatx
        tensorflow.keras.utils.disable_interactive_logging jax.config.* nest_asyncio.apply dask.config.set
        mlflow.set_tracking_uri mlflow.set_experiment mlflow.autolog mlflow.sklearn.autolog
        """,
    ),
}
"""Calls, and what is set below a name (``numpy.random.seed(0)``, ``pandas.options.display.x = 1``)."""

SETUP_MAGICS: Mapping[str, str] = {
    **_table("plot style", "matplotlib config pylab"),
    **_table("extension", "load_ext reload_ext autoreload aimport"),
    **_table("working folder", "cd pushd popd"),
    **_table("environment", "env set_env dotenv load_dotenv"),
    **_table("display options", "precision xmode colors"),
}

# --- What changes an object in place --------------------------------------------------------

CHANGES_ITSELF = _words(
    """
    pop popitem setdefault popleft fit fit_transform fit_predict fit_resample partial_fit fit_generator
    train_on_batch __setitem__ __delitem__ __setattr__ __iadd__ load_state_dict requires_grad_ put_nowait get_nowait
    readline readlines
    """
)
"""Methods that change their object, also where what they return is used."""

CHANGES_ITSELF_IF_THROWN_AWAY = _words(
    """
    append extend insert remove sort reverse update add discard clear appendleft extendleft rotate move_to_end
    subtract intersection_update difference_update symmetric_difference_update fill put itemset setflags byteswap
    write writelines writerow writerows writeheader truncate seek compile backward step zero_grad train eval set_params
    set_index_name add_subplot add_axes add_layer add_module add_trace add_edge add_edges_from add_node add_nodes_from
    add_patch add_artist add_collection add_gridspec update_layout update_traces update_xaxes update_yaxes add_vline
    add_hline add_shape add_annotation scatter bar barh annotate axhline axvline axhspan axvspan fill_between imshow
    contour contourf pcolormesh errorbar legend grid tick_params invert_yaxis invert_xaxis text suptitle
    subplots_adjust tight_layout colorbar clabel quiver stem step twinx twiny violinplot hlines vlines hexbin pie
    plot_surface plot_wireframe scatter3D execute executemany commit rollback load_weights freeze unfreeze share_memory
    """
)
"""Methods that change their object, if nobody uses what they return: `items.append(1)`, not `df = df.append(row)`."""

HARMLESS = _words(
    """
    head tail describe info plot hist boxplot value_counts show savefig sample corr groupby nunique unique isna isnull
    notna notnull sum mean median std var min max count mode quantile cov any all idxmin idxmax argmin argmax argsort
    cumsum to_csv to_parquet to_json to_excel to_pickle to_feather to_hdf to_sql to_html to_latex to_markdown to_string
    to_clipboard to_dict to_numpy to_frame to_list tolist save dump summary print_summary display print get items keys
    values copy deepcopy score predict predict_proba decision_function transform evaluate select filter query where
    dtypes memory_usage nlargest nsmallest pivot pivot_table crosstab merge join concat astype apply map applymap agg
    aggregate rolling resample shift diff pct_change round abs clip isin between duplicated reset_option style
    dropna fillna drop drop_duplicates rename reset_index set_index sort_values sort_index replace reindex assign
    strip lower upper split rsplit join startswith endswith format replace encode decode title capitalize index find
    debug info warning error critical exception log warn isEnabledFor flush close exists is_file is_dir mkdir touch
    unlink rmdir rename iterdir glob rglob resolve stat read_text read_bytes write_text write_bytes joinpath
    start end group groups span issubset issuperset isdisjoint union intersection difference bit_length hex
    toarray todense tobytes reshape ravel flatten squeeze transpose diagonal symmetric_difference strftime isoformat
    timestamp getvalue bic aic score_samples inverse_transform kneighbors cross_validate save_weights save_model export
    get_config count_params get_weights write_html write_image to_image to_file render view shape item get_params
    get_feature_names_out get_support
    """
)
"""Methods that leave their object alone when nobody uses what they return (without `inplace=True`)."""

METHOD_CHANGES_ARGUMENT: Mapping[str, int] = {"shuffle": 0, "readinto": 0}
"""Methods that change an argument, by its place: `rng.shuffle(x)`."""

CHANGES_ARGUMENT: Mapping[str, int] = {
    **dict.fromkeys(
        """
        random.shuffle numpy.random.shuffle numpy.put numpy.place numpy.copyto numpy.putmask numpy.fill_diagonal
        numpy.put_along_axis heapq.heappush heapq.heappop heapq.heapify heapq.heapreplace heapq.heappushpop
        bisect.insort bisect.insort_left bisect.insort_right operator.setitem operator.delitem operator.iadd
        builtins.setattr builtins.delattr builtins.next builtins.anext torch.nn.init.xavier_uniform_
        torch.nn.init.zeros_ torch.nn.init.normal_ torch.nn.init.kaiming_normal_ numpy.add.at numpy.subtract.at
        """.split(),
        0,
    ),
    "json.dump": 1,
    "pickle.dump": 1,
    "csv.writer": 0,
    "contextlib.redirect_stdout": 0,
    "contextlib.redirect_stderr": 0,
}
"""Functions that change an argument, by its place."""

KNOWN_TO_LEAVE_ARGUMENTS = _words(
    """
    altair bokeh builtins collections copy csv datetime decimal functools glob hashlib IPython itertools joblib json
    math matplotlib numpy operator os pandas pathlib pickle plotly polars pprint random re scipy seaborn shutil sklearn
    statistics statsmodels string sys textwrap time torch tqdm tensorflow typing warnings xarray catboost lightgbm
    xgboost missingno shap umap networkx geopandas
    """
)
"""Libraries whose functions leave their arguments as they are, but for those above."""

# --- What leads to the same object ----------------------------------------------------------

RETURNS_ITSELF = _words("fit partial_fit set_params train eval cpu cuda requires_grad_ __iadd__ __enter__")
"""Methods that return their object: `model = model.fit(X)`."""

PARTS_OF_ITSELF = _words(
    """
    get pop popitem setdefault popleft items values keys reshape ravel view squeeze transpose swapaxes flatten_axes
    diagonal twinx twiny add_subplot add_axes subplots add_subfigure get_axes gca get_figure named_steps modules
    parameters state_dict children detach numpy get_group __getitem__ most_common elements iterrows itertuples flat
    """
)
"""Methods whose result is a part of the object, or shows what it holds."""

DRAWS_PARTS = _words(
    """
    annotate arrow axhline axhspan axline axvline axvspan bar bar_label barh boxplot colorbar contour contourf errorbar
    fill fill_between hexbin hist hist2d hlines imshow legend matshow pcolormesh pie plot quiver scatter set_title
    set_xlabel set_ylabel stackplot stem step suptitle table text violinplot vlines
    """
)
"""Methods of axes and figures that give what they have drawn: a part of the figure."""

OF_CURRENT_FIGURE = _words(
    """
    matplotlib.pyplot.gca matplotlib.pyplot.gcf matplotlib.pyplot.axes matplotlib.pyplot.subplot
    matplotlib.pyplot.subplot2grid
    """
)
"""Functions that give the figure on which pyplot draws, or a part of it: it may be any of those with names."""

PARTS_OF_ARGUMENTS = _words(
    """
    builtins.list builtins.tuple builtins.dict builtins.set builtins.sorted builtins.reversed builtins.zip
    builtins.enumerate builtins.iter builtins.filter builtins.map builtins.min builtins.max builtins.next
    builtins.getattr builtins.frozenset builtins.vars copy.copy collections.deque collections.OrderedDict
    collections.defaultdict collections.ChainMap itertools.chain itertools.islice itertools.cycle functools.partial
    numpy.asarray numpy.ravel numpy.reshape numpy.squeeze numpy.transpose numpy.atleast_1d numpy.atleast_2d
    numpy.broadcast_to numpy.frombuffer torch.from_numpy torch.as_tensor types.SimpleNamespace
    torch.utils.data.DataLoader torch.utils.data.TensorDataset torch.utils.data.Subset torch.nn.Sequential
    sklearn.pipeline.Pipeline sklearn.pipeline.make_pipeline
    """
)
"""Functions whose result holds, or shows, what they are given."""

PUTS_IN = _words(
    "append extend insert add update setdefault appendleft extendleft put put_nowait __setitem__ add_module push"
)
"""Methods after which the object holds what they are given."""

# --- What is drawn at random ----------------------------------------------------------------

CHANGES_GENERATOR_OF_ALL: Mapping[str, str] = {
    **_table("yes", "random.* numpy.random.* torch.rand torch.randn torch.randint torch.randperm torch.normal"),
    **_table(
        "yes", "torch.rand_like torch.randn_like torch.bernoulli torch.multinomial torch.nn.* tensorflow.random.*"
    ),
    **_table("yes", "cupy.random.*"),
    **_table(
        "",
        """
        random.seed random.Random random.SystemRandom random.getstate random.setstate numpy.random.seed
        numpy.random.default_rng numpy.random.RandomState numpy.random.Generator numpy.random.SeedSequence
        numpy.random.PCG64 numpy.random.MT19937 numpy.random.BitGenerator numpy.random.get_state
        numpy.random.set_state torch.nn.functional.* torch.nn.utils.* tensorflow.random.set_seed
        tensorflow.random.Generator.* cupy.random.seed torch.nn.Module torch.nn.CrossEntropyLoss torch.nn.MSELoss
        torch.nn.BCELoss torch.nn.ReLU torch.nn.Sequential
        """,
    ),
}
"""Functions that draw from a generator that the whole process shares ('' of those that do not)."""

DRAWS_UNLESS_SEEDED: Mapping[str, str] = _table(
    "random_state",
    """
    sklearn.model_selection.train_test_split sklearn.model_selection.ShuffleSplit
    sklearn.model_selection.StratifiedShuffleSplit sklearn.model_selection.GroupShuffleSplit
    sklearn.model_selection.RandomizedSearchCV sklearn.ensemble.RandomForestClassifier
    sklearn.ensemble.RandomForestRegressor sklearn.ensemble.ExtraTreesClassifier
    sklearn.ensemble.ExtraTreesRegressor sklearn.ensemble.GradientBoostingClassifier
    sklearn.ensemble.GradientBoostingRegressor sklearn.ensemble.BaggingClassifier sklearn.ensemble.BaggingRegressor
    sklearn.ensemble.AdaBoostClassifier sklearn.ensemble.AdaBoostRegressor sklearn.ensemble.IsolationForest
    sklearn.cluster.KMeans sklearn.cluster.MiniBatchKMeans sklearn.mixture.GaussianMixture sklearn.manifold.TSNE
    sklearn.neural_network.MLPClassifier sklearn.neural_network.MLPRegressor sklearn.tree.DecisionTreeClassifier
    sklearn.tree.DecisionTreeRegressor sklearn.linear_model.SGDClassifier sklearn.linear_model.SGDRegressor
    sklearn.decomposition.NMF sklearn.utils.shuffle sklearn.utils.resample sklearn.datasets.make_blobs
    sklearn.datasets.make_classification sklearn.datasets.make_regression sklearn.datasets.make_moons
    sklearn.datasets.make_circles
    """,
)
"""Functions that draw from it unless they are given this argument. Methods: `sample` of a table."""

# --- What names are bound to ----------------------------------------------------------------

GIVES: Mapping[str, str] = {
    **_table(
        "table",
        """
        pandas.DataFrame pandas.Series pandas.concat pandas.merge pandas.get_dummies pandas.pivot_table pandas.crosstab
        pandas.read_csv pandas.read_table pandas.read_parquet pandas.read_excel pandas.read_json pandas.read_feather
        pandas.read_pickle pandas.read_sql pandas.read_sql_query pandas.read_sql_table pandas.read_hdf
        pandas.read_fwf pandas.read_stata pandas.read_sas pandas.read_orc pandas.read_clipboard pandas.melt
        pandas.to_datetime pandas.to_numeric pandas.cut pandas.qcut pandas.json_normalize pandas.date_range
        seaborn.load_dataset geopandas.read_file geopandas.GeoDataFrame
        """,
    ),
    **_table(
        "plain",
        """
        builtins.len builtins.int builtins.float builtins.bool builtins.str builtins.repr builtins.bytes builtins.ord
        builtins.chr builtins.format builtins.hash builtins.id builtins.complex builtins.input builtins.isinstance
        builtins.callable builtins.hasattr time.time time.perf_counter math.* os.path.* os.getcwd pathlib.Path
        sklearn.metrics.accuracy_score sklearn.metrics.mean_squared_error sklearn.metrics.r2_score
        sklearn.metrics.mean_absolute_error sklearn.metrics.f1_score sklearn.metrics.roc_auc_score
        """,
    ),
    **_table(
        "array",
        """
        numpy.array numpy.zeros numpy.ones numpy.empty numpy.full numpy.arange numpy.linspace numpy.eye
        numpy.zeros_like numpy.ones_like numpy.concatenate numpy.vstack numpy.hstack numpy.stack numpy.where
        numpy.loadtxt numpy.genfromtxt
        """,
    ),
    **_table(
        "random generator",
        """
        numpy.random.default_rng numpy.random.RandomState numpy.random.Generator random.Random torch.Generator
        torch.manual_seed sklearn.utils.check_random_state tensorflow.random.Generator.from_seed
        """,
    ),
    **_table(
        "iterator",
        """
        builtins.iter builtins.zip builtins.map builtins.filter builtins.enumerate builtins.reversed builtins.open
        itertools.* csv.reader csv.DictReader os.walk os.scandir glob.iglob re.finditer io.open gzip.open
        """,
    ),
    **_table(
        "splitter",
        """
        sklearn.model_selection.KFold sklearn.model_selection.StratifiedKFold sklearn.model_selection.GroupKFold
        sklearn.model_selection.StratifiedGroupKFold sklearn.model_selection.RepeatedKFold
        sklearn.model_selection.RepeatedStratifiedKFold sklearn.model_selection.ShuffleSplit
        sklearn.model_selection.StratifiedShuffleSplit sklearn.model_selection.GroupShuffleSplit
        sklearn.model_selection.LeaveOneOut sklearn.model_selection.TimeSeriesSplit
        """,
    ),
    **_table(
        "axes", "matplotlib.pyplot.gca matplotlib.pyplot.axes matplotlib.pyplot.subplot matplotlib.pyplot.subplot2grid"
    ),
    **_table("figure", "matplotlib.pyplot.figure matplotlib.pyplot.gcf matplotlib.figure.Figure"),
    **_table("figure and axes", "matplotlib.pyplot.subplots matplotlib.pyplot.subplot_mosaic"),
}
"""What functions give, as far as it decides what their methods do."""

METHOD_GIVES: Mapping[tuple[str, str], str] = {
    **{
        ("table", method): "table"
        for method in """
        copy head tail sample drop dropna fillna drop_duplicates rename reset_index set_index sort_values sort_index
        replace merge join assign astype apply map applymap query loc iloc at iat groupby rolling resample sum mean
        median std var min max count agg aggregate transform describe value_counts isna isnull notna notnull corr cov
        shift diff pct_change round abs clip isin between duplicated nlargest nsmallest pivot pivot_table melt stack
        unstack explode T filter where mask interpolate ffill bfill cumsum rank quantile mode select_dtypes
        str dt cat to_frame reindex squeeze pipe add sub mul div eq ne lt le gt ge
        """.split()
    },
    ("splitter", "split"): "iterator",
    ("array", "copy"): "array",
    ("array", "astype"): "array",
    **{("axes", method): "axes" for method in "flat flatten ravel reshape tolist twinx twiny values T".split()},
    **{("figure", method): "axes" for method in "add_subplot add_axes gca subplots axes".split()},
}

PUTS_COPIES = frozenset({"table", "array"})
"""Kinds of objects that hold copies of what is put into them."""

# --- What no file can hold ------------------------------------------------------------------

UNSTORABLE: Mapping[str, str] = {
    **_table(
        "an open file",
        "builtins.open io.open gzip.open bz2.open lzma.open codecs.open zipfile.ZipFile tarfile.open h5py.File",
    ),
    **_table(
        "a connection",
        """
        sqlite3.connect duckdb.connect psycopg2.connect psycopg.connect pymysql.connect MySQLdb.connect
        mysql.connector.connect pyodbc.connect cx_Oracle.connect oracledb.connect snowflake.connector.connect
        sqlalchemy.create_engine sqlalchemy.orm.sessionmaker sqlalchemy.orm.Session pymongo.MongoClient redis.Redis
        socket.socket ftplib.FTP smtplib.SMTP paramiko.SSHClient google.cloud.bigquery.Client boto3.client
        boto3.resource boto3.Session tensorflow.compat.v1.Session elasticsearch.Elasticsearch
        """,
    ),
    **_table("a session of Spark", "pyspark.sql.SparkSession.* pyspark.SparkContext.* pyspark.SparkContext"),
    **_table(
        "a lock",
        "threading.Lock threading.RLock threading.Condition threading.Semaphore threading.Event multiprocessing.Lock",
    ),
    **_table("a thread", "threading.Thread threading.Timer"),
    **_table(
        "a pool of workers",
        """
        concurrent.futures.ThreadPoolExecutor concurrent.futures.ProcessPoolExecutor multiprocessing.Pool
        multiprocessing.pool.ThreadPool multiprocessing.dummy.Pool dask.distributed.Client distributed.Client
        """,
    ),
    **_table("a process", "subprocess.Popen multiprocessing.Process"),
    **_table("a reader of a file", "csv.reader csv.writer csv.DictReader csv.DictWriter os.scandir"),
}
UNSTORABLE_METHODS: Mapping[str, str] = {"cursor": "a connection"}

# --- Files ----------------------------------------------------------------------------------

READS_FILE: Mapping[str, int] = {
    **dict.fromkeys(
        """
        pandas.read_csv pandas.read_table pandas.read_parquet pandas.read_excel pandas.read_json pandas.read_feather
        pandas.read_pickle pandas.read_hdf pandas.read_fwf pandas.read_stata pandas.read_sas pandas.read_orc
        pandas.read_html pandas.read_xml polars.read_csv polars.read_parquet polars.scan_csv polars.scan_parquet
        polars.read_json geopandas.read_file numpy.load numpy.loadtxt numpy.genfromtxt numpy.fromfile joblib.load
        torch.load PIL.Image.open matplotlib.pyplot.imread imageio.imread cv2.imread scipy.io.loadmat h5py.File
        xarray.open_dataset pyarrow.parquet.read_table tensorflow.keras.models.load_model keras.models.load_model
        sqlite3.connect zipfile.ZipFile tarfile.open runpy.run_path
        """.split(),
        0,
    ),
    "shutil.copy": 0,
    "shutil.copyfile": 0,
    "shutil.move": 0,
}
"""Functions that read a file, and which argument says which."""

WRITES_FILE: Mapping[str, int] = {
    **dict.fromkeys(
        """
        numpy.save numpy.savez numpy.savez_compressed numpy.savetxt matplotlib.pyplot.savefig matplotlib.pyplot.imsave
        cv2.imwrite imageio.imwrite scipy.io.savemat plotly.io.write_html plotly.io.write_image plotly.offline.plot
        """.split(),
        0,
    ),
    "joblib.dump": 1,
    "torch.save": 1,
    "shutil.copy": 1,
    "shutil.copyfile": 1,
    "shutil.move": 1,
    "pyarrow.parquet.write_table": 1,
}
"""Functions that write a file, and which argument says which."""

NAMES_OF_PATHS = _words("file filename fname path path_or_buf path_or_buffer filepath_or_buffer io")
"""Arguments by which paths are given."""

SAVES_FILE: Mapping[str, int] = dict.fromkeys(
    """
    to_csv to_parquet to_json to_excel to_pickle to_feather to_hdf to_html to_latex to_markdown to_stata to_file
    to_netcdf to_string savefig save save_model save_weights write_csv write_parquet write_html write_image tofile
    export_png savez
    """.split(),
    0,
)
"""Methods that write a file, and which argument says which."""
