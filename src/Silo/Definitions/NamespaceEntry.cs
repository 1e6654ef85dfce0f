using System.Collections.Immutable;
using System.Text;
using Quota.Grains;
using Quota.Grains.Model;
using Quota.Silo.Catalog;
using Quota.Silo.Catalog.Config;

namespace Quota.Silo.Definitions;

/// <summary>
/// One namespace as it is kept for changing it: what its definition says, its plans with all their forms, and the shape of its
/// hierarchy. Used under the lock of changes only; readers see the maps, the cells and the last <see cref="Publish"/>.
/// </summary>
internal sealed class NamespaceEntry(string name, NamespaceConfig config)
{
    private readonly Dictionary<string, PlanEntry> _plans = new(StringComparer.Ordinal);
    private readonly Dictionary<KeyState, ChildCounts> _children = [];
    private readonly Dictionary<LabelSet, KeyValuePair<string, string>[]> _labels = [];
    private readonly Utf8Map<PlanModel> _planModels = new();
    private readonly RootCell _root = new();
    private ImmutableHashSet<CounterShape> _shapes = [];

    public string Name { get; } = name;

    public NamespaceConfig Config { get; private set; } = config;

    public Utf8Map<KeyState> Keys { get; } = new();

    public IReadOnlyDictionary<string, PlanEntry> Plans => _plans;

    public PlanEntry? Plan(string plan) => _plans.GetValueOrDefault(plan);

    public KeyState? Key(string key) => Keys.Find(key);

    /// <summary>Keys directly below a key.</summary>
    public int ChildrenOf(KeyState key) => _children.TryGetValue(key, out ChildCounts? counts) ? counts.Children : 0;

    /// <summary>Levels below a key.</summary>
    public int HeightOf(KeyState key) => _children.TryGetValue(key, out ChildCounts? counts) ? counts.Height : 0;

    /// <summary>Takes over other settings; in force with the next <see cref="Publish"/>.</summary>
    public void Configure(NamespaceConfig config)
    {
        bool sameBilling = Config.Billing.Equals(config.Billing);
        Config = config;
        if (!sameBilling)
        {
            foreach (PlanEntry plan in _plans.Values)
            {
                PutPlan(plan.Definition);
            }
        }
    }

    /// <summary>Adds a plan, or replaces it for every key on it.</summary>
    public void PutPlan(PlanModel definition)
    {
        if (_plans.TryGetValue(definition.Name, out PlanEntry? plan))
        {
            plan.Replace(definition, Config.Billing);
        }
        else
        {
            plan = new PlanEntry(definition, Config.Billing);
            _plans.Add(definition.Name, plan);
        }
        _planModels.Set(Encoding.UTF8.GetBytes(definition.Name), plan.Base.Current);
    }

    /// <summary>Removes a plan that nobody uses.</summary>
    public void RemovePlan(string plan)
    {
        Invariant.Check(_plans[plan].Keys == 0);
        _plans.Remove(plan);
        _planModels.Remove(Encoding.UTF8.GetBytes(plan));
    }

    /// <summary>Adds a key, or replaces what is defined of it. Its plan and its parent are there.</summary>
    /// <returns>Whether a form of a plan came into force that has counters no form had before: publish the namespace.</returns>
    public bool PutKey(string key, KeyConfig config)
    {
        PlanCell cell = _plans[config.Plan].Enter(config, Config.Billing, out bool isNewForm);
        KeyState? parent = config.Parent is null ? null : Key(config.Parent);
        Invariant.Check(config.Parent is null || parent is not null);
        byte[] nameUtf8 = Encoding.UTF8.GetBytes(key);
        nameUtf8 = Keys.TryGet(nameUtf8, out KeyState? state) ? state.NameUtf8 : nameUtf8;
        var model = new KeyModel(nameUtf8, cell, _root, parent) { Status = config.Status, Labels = Shared(config.Labels) };
        if (state is null)
        {
            state = new KeyState(nameUtf8, model);
            Keys.Set(nameUtf8, state);
            Attach(parent, 0);
        }
        else
        {
            KeyModel before = state.Current;
            state.Swap(model);
            _plans[before.Cell.Current.Name].Leave(before.Cell);
            if (before.Parent != parent)
            {
                Detach(before.Parent, HeightOf(state));
                Attach(parent, HeightOf(state));
            }
        }
        if (!isNewForm)
        {
            return false;
        }
        ImmutableHashSet<CounterShape> shapes = _shapes.Union(cell.Current.Layout.Shapes);
        bool grown = shapes.Count != _shapes.Count;
        _shapes = shapes;
        return grown;
    }

    /// <summary>Removes a key that no other is below.</summary>
    public void RemoveKey(string key)
    {
        KeyState state = Key(key)!;
        Invariant.Check(ChildrenOf(state) == 0);
        Keys.Remove(state.NameUtf8);
        _plans[state.Current.Cell.Current.Name].Leave(state.Current.Cell);
        Detach(state.Current.Parent, 0);
    }

    /// <summary>The namespace as it is in force from now on; the plans its settings name are there.</summary>
    /// <param name="plansChanged">Whether counters of plans may have gone.</param>
    public NamespaceModel Publish(bool plansChanged)
    {
        if (plansChanged)
        {
            _shapes = [.. _plans.Values.SelectMany(p => p.Models).SelectMany(m => m.Layout.Shapes)];
        }
        if (Config.Plan is null)
        {
            _root.Root = null;
        }
        else
        {
            var model = new KeyModel([], _plans[Config.Plan].Base, null, null);
            if (_root.Root is { } root)
            {
                root.Swap(model);
            }
            else
            {
                _root.Root = new KeyState([], model);
            }
        }
        return new NamespaceModel(Name)
        {
            Plans = _planModels,
            Keys = Keys,
            Counters = _shapes,
            UnknownKeys = Config.UnknownKeys,
            DefaultPlan = Config.DefaultPlan is null ? null : _plans[Config.DefaultPlan].Base.Current,
            Root = _root.Root,
            Sync = Config.Sync,
            OnFailure = Config.OnFailure,
            RequestIdWindowNs = Config.RequestIdWindowNs,
            RequestIdsPerKeyMax = Config.RequestIdsPerKeyMax,
            SettlesExpired = Config.SettlesExpired,
            ReservationsPerKeyMax = Config.ReservationsPerKeyMax,
            Billing = Config.Billing,
            SealGraceMs = Config.SealGraceMs,
            RetentionMonths = Config.RetentionMonths,
            Webhook = Config.Webhook,
            Leases = Config.Leases,
        };
    }

    private void Attach(KeyState? parent, int height)
    {
        if (parent is null)
        {
            return;
        }
        if (!_children.TryGetValue(parent, out ChildCounts? counts))
        {
            _children.Add(parent, counts = new ChildCounts());
        }
        int before = counts.Height;
        counts.Add(height);
        Reshape(parent, before, counts.Height);
    }

    private void Detach(KeyState? parent, int height)
    {
        if (parent is null)
        {
            return;
        }
        ChildCounts counts = _children[parent];
        int before = counts.Height;
        counts.Remove(height);
        int after = counts.Height;
        if (counts.Children == 0)
        {
            _children.Remove(parent);
        }
        Reshape(parent, before, after);
    }

    /// <summary>Tells the key's own parent that there are more or fewer levels below the key.</summary>
    private void Reshape(KeyState key, int before, int after)
    {
        if (before != after && key.Current.Parent is { } parent)
        {
            ChildCounts counts = _children[parent];
            int parentBefore = counts.Height;
            counts.Remove(before);
            counts.Add(after);
            Reshape(parent, parentBefore, counts.Height);
        }
    }

    /// <summary>The same labels once: many keys of a customer have them.</summary>
    private KeyValuePair<string, string>[] Shared(KeyValuePair<string, string>[] labels)
    {
        if (labels.Length == 0)
        {
            return labels;
        }
        var set = new LabelSet(labels);
        if (_labels.TryGetValue(set, out KeyValuePair<string, string>[]? known))
        {
            return known;
        }
        if (_labels.Count >= LabelSetsMax)
        {
            // Labels that are different on every key are not worth a table of them.
            _labels.Clear();
        }
        _labels.Add(set, labels);
        return labels;
    }

    private const int LabelSetsMax = 10_000;

    private readonly struct LabelSet(KeyValuePair<string, string>[] labels) : IEquatable<LabelSet>
    {
        private readonly KeyValuePair<string, string>[] _labels = labels;

        public bool Equals(LabelSet other) => _labels.AsSpan().SequenceEqual(other._labels);

        public override bool Equals(object? obj) => obj is LabelSet other && Equals(other);

        public override int GetHashCode()
        {
            var hash = default(HashCode);
            foreach ((string label, string value) in _labels)
            {
                hash.Add(label, StringComparer.Ordinal);
                hash.Add(value, StringComparer.Ordinal);
            }
            return hash.ToHashCode();
        }
    }
}
