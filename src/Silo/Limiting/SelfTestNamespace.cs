using System.Diagnostics.CodeAnalysis;
using Quota.Grains.Model;
using Quota.Silo.Catalog;

namespace Quota.Silo.Limiting;

/// <summary>
/// A namespace every silo has, in which it tries itself out before it reports ready: the same path as any other check, down to
/// a synced journal. Configured namespaces cannot have a name that starts with <c>quota.</c>.
/// </summary>
public static class SelfTestNamespace
{
    public const string Name = "quota.self";

    private static readonly NamespaceModel Model = Build();

    internal static bool TryGet(ReadOnlySpan<byte> name, [NotNullWhen(true)] out NamespaceModel? model)
    {
        model = name.SequenceEqual(Model.NameUtf8) ? Model : null;
        return model is not null;
    }

    /// <summary>Whether a namespace is this one.</summary>
    internal static bool Is(NamespaceModel model) => ReferenceEquals(model, Model);

    private static NamespaceModel Build()
    {
        var plan = new PlanModel("self", [LimitModel.SlidingWindow("self", 1_000_000, 1_000_000_000), LimitModel.SlidingWindow("never", 0, 1_000_000_000, mode: LimitMode.Shadow)]);
        return new NamespaceModel(Name)
        {
            Plans = new Utf8Map<PlanModel>([KeyValuePair.Create(plan.Name, plan)]),
            Keys = new Utf8Map<KeyState>([]),
            DefaultPlan = plan,
            UnknownKeys = UnknownKeyPolicy.DefaultPlan,
        };
    }
}
