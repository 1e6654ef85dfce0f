using System.Collections.Frozen;
using System.Text;
using Quota.Grains.Model;

namespace Quota.Silo.Catalog;

/// <summary>One namespace of the configuration, immutable.</summary>
public sealed class NamespaceModel
{
    public NamespaceModel(string name)
    {
        Name = name;
        NameUtf8 = Encoding.UTF8.GetBytes(name);
    }

    public string Name { get; }

    /// <summary><see cref="Name"/> in UTF-8.</summary>
    public byte[] NameUtf8 { get; }

    public required Utf8Map<PlanModel> Plans { get; init; }

    public required Utf8Map<KeyModel> Keys { get; init; }

    public UnknownKeyPolicy UnknownKeys { get; init; }

    /// <summary>Set if <see cref="UnknownKeys"/> is <see cref="UnknownKeyPolicy.DefaultPlan"/>.</summary>
    public PlanModel? DefaultPlan { get; init; }

    /// <summary>The counters of all plans that are kept once per key.</summary>
    public IReadOnlySet<CounterShape> Counters => field ??= Plans.Values.SelectMany(p => p.Layout.Shapes).ToFrozenSet();

    public SyncMode Sync { get; init; }

    public FailurePolicy OnFailure { get; init; }
}
