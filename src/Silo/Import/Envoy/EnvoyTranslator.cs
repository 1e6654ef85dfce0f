using Quota.Contracts;
using Quota.Contracts.V1;
using Quota.Silo.Catalog.Config;

namespace Quota.Silo.Import.Envoy;

/// <summary>
/// Translates a domain. Where every descriptor of the first level has the same key and no wildcard, that entry's value is the
/// check's key: a value's rules are a plan of its own, which replaces the general one exactly as there. Otherwise the domain's
/// name is the one key of the namespace and everything else is told by attributes.
/// </summary>
internal sealed class EnvoyTranslator(EnvoyImportOptions options)
{
    /// <summary>A key and its parents; one more level is the namespace's own.</summary>
    private const int LevelsMax = Bounds.LevelsMax - 1;

    private readonly List<Plan> _plans = [];
    private readonly List<Key> _keys = [];
    private readonly List<Namespace> _namespaces = [];

    public IEnumerable<Definition> Definitions =>
        _namespaces.Select(n => new Definition { Namespace = n })
            .Concat(_plans.Select(p => new Definition { Plan = p }))
            .Concat(_keys.Select(k => new Definition { Key = k }));

    public void Add(EnvoyDomain domain)
    {
        bool byValue = options.KeyFromValue && domain.Descriptors.Count > 0
            && domain.Descriptors.TrueForAll(d => d.Key == domain.Descriptors[0].Key && !d.IsWildcard && Problem(d) is null);
        var definition = new Namespace { Name = domain.Name, UnknownKeys = UnknownKeys.Allow };
        _namespaces.Add(definition);
        List<EnvoyLimit> limits = byValue ? ByValue(domain, definition) : ByAttributes(domain);
        Explain(domain, limits, byValue);
    }

    private static string? Problem(EnvoyDescriptor descriptor) => descriptor.Value.Length == 0 ? null : NameRules.Problem(descriptor.Value, 1, Bounds.KeyBytesMax);

    private List<EnvoyLimit> ByValue(EnvoyDomain domain, Namespace definition)
    {
        var planNames = new ImportNames();
        var all = new List<EnvoyLimit>();
        foreach (EnvoyDescriptor descriptor in domain.Descriptors)
        {
            EnvoyOverlap.Check(descriptor.Children);
            var limits = new EnvoyLimits(options.Exact, options.Shadow);
            limits.AddAll(descriptor, isKey: true);
            foreach (EnvoyDescriptor source in limits.All.Skip(Bounds.LimitsPerPlanMax).Select(l => l.Source))
            {
                source.Source.Remarks.Error(source.Source.Node, source.Source.Path, $"is one limit too many below line {descriptor.Line}: a plan has at most {Bounds.LimitsPerPlanMax}");
            }
            var plan = new Plan { Namespace = domain.Name, Name = planNames.Unique(descriptor.Text) };
            plan.Limits.Add(limits.All.Take(Bounds.LimitsPerPlanMax).Select(l => l.Limit));
            _plans.Add(plan);
            all.AddRange(limits.All);
            if (descriptor.Value.Length == 0)
            {
                definition.UnknownKeys = UnknownKeys.DefaultPlan;
                definition.DefaultPlan = plan.Name;
            }
            else
            {
                _keys.Add(new Key { Namespace = domain.Name, Name = descriptor.Value, Plan = plan.Name, Status = Status.Active });
            }
        }
        return all;
    }

    private List<EnvoyLimit> ByAttributes(EnvoyDomain domain)
    {
        EnvoyOverlap.Check(domain.Descriptors);
        var limits = new EnvoyLimits(options.Exact, options.Shadow);
        foreach (EnvoyDescriptor descriptor in domain.Descriptors)
        {
            limits.AddAll(descriptor, isKey: false);
        }
        Limit[][] levels = [.. limits.All.Select(l => l.Limit).Chunk(Bounds.LimitsPerPlanMax)];
        foreach (EnvoyDescriptor source in limits.All.Skip(LevelsMax * Bounds.LimitsPerPlanMax).Select(l => l.Source))
        {
            source.Source.Remarks.Error(source.Source.Node, source.Source.Path, $"is one limit too many: a key and its parents have at most {LevelsMax * Bounds.LimitsPerPlanMax}");
        }
        if (levels.Length > 1)
        {
            domain.Note($"has {limits.All.Count} limits, a plan at most {Bounds.LimitsPerPlanMax}: they stand on several plans, and the key has parents with the further ones; a check still counts on all or none");
        }
        string parent = "";
        for (int i = Math.Min(Math.Max(levels.Length, 1), LevelsMax) - 1; i >= 0; i--)
        {
            string name = i == 0 ? domain.Name : $"{domain.Name}.{i + 1}";
            var plan = new Plan { Namespace = domain.Name, Name = new ImportNames().Unique(name) };
            plan.Limits.Add(i < levels.Length ? levels[i] : []);
            _plans.Add(plan);
            _keys.Add(new Key { Namespace = domain.Name, Name = name, Plan = plan.Name, Parent = parent, Status = Status.Active });
            parent = name;
        }
        return limits.All;
    }

    private static void Explain(EnvoyDomain domain, List<EnvoyLimit> limits, bool byValue)
    {
        string[] attributes = [.. limits.SelectMany(l => l.Limit.Match.Keys).Distinct(StringComparer.Ordinal)];
        string sends = attributes.Length > 0 ? $"sends as attributes what its descriptors hold: {string.Join(", ", attributes)}" : "needs no attributes";
        domain.Note(byValue
            ? $"a check names the namespace {Quoted.Text(domain.Name)}, the value of {Quoted.Text(domain.Descriptors[0].Key)} as its key, and {sends}"
            : $"a check names the namespace {Quoted.Text(domain.Name)}, the key {Quoted.Text(domain.Name)}, and {sends}");
        domain.Note("a refused check counts on no limit here; there it goes on counting on every limit it names");
        // Only limits of one plan, or of one chain of plans, count on the same check.
        foreach (IGrouping<EnvoyDescriptor?, EnvoyLimit> group in limits.GroupBy(l => byValue ? l.Root : null))
        {
            Nested([.. group.Take(LevelsMax * Bounds.LimitsPerPlanMax)]);
        }
        Replaces(limits);
    }

    private static void Nested(IReadOnlyList<EnvoyLimit> limits)
    {
        foreach (EnvoyLimit limit in limits)
        {
            if (limits.FirstOrDefault(other => Within(limit.Limit, other.Limit)) is { } longer)
            {
                limit.Source.Source.Remarks.Note(limit.Source.Source.Node, limit.Source.Source.Path, $"counts every check with these attributes here, also one that has those of line {longer.Source.Line} as well; there only a request with a descriptor of just these entries");
            }
        }
    }

    /// <summary>Whether this limit counts checks that the other one, which has further conditions, counts.</summary>
    private static bool Within(Limit limit, Limit other) =>
        limit.Match.Count < other.Match.Count
        && limit.Match.All(m => other.Match.TryGetValue(m.Key, out Values? values) && Meets(m.Value.Values_[0], values.Values_[0]));

    private static bool Meets(string one, string other)
    {
        string a = one.TrimEnd('*');
        string b = other.TrimEnd('*');
        return (a.Length < one.Length, b.Length < other.Length) switch
        {
            (true, true) => a.StartsWith(b, StringComparison.Ordinal) || b.StartsWith(a, StringComparison.Ordinal),
            (true, false) => other.StartsWith(a, StringComparison.Ordinal),
            (false, true) => one.StartsWith(b, StringComparison.Ordinal),
            _ => one == other,
        };
    }

    private static void Replaces(List<EnvoyLimit> limits)
    {
        Dictionary<string, EnvoyDescriptor> named = new(StringComparer.Ordinal);
        foreach (EnvoyDescriptor source in limits.Select(l => l.Source))
        {
            named.TryAdd(source.Limit!.Name, source);
        }
        foreach (EnvoyDescriptor source in limits.Select(l => l.Source))
        {
            foreach ((ConfigNode at, string name) in source.Limit!.Replaces)
            {
                EnvoyDescriptor? replaced = named.GetValueOrDefault(name);
                if (replaced is null)
                {
                    source.Source.Remarks.Note(at, source.Limit.Source.At("replaces"), $"no limit of this domain is named {Quoted.Text(name)}; dropped");
                }
                else
                {
                    source.Source.Remarks.Error(at, source.Limit.Source.At("replaces"), $"there the limit of line {replaced.Line} does not count where this one does; here both count, and the tighter one decides");
                }
            }
        }
    }
}
