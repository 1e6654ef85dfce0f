using Quota.Grains.Model;
using Quota.Silo.Catalog;
using Quota.Silo.Catalog.Config;

namespace Quota.Silo.Definitions;

/// <summary>
/// A plan and every form of it that is in force: one per set of overrides and billing calendar that keys have, shared by all
/// keys with the same. Used under the lock of changes only; what readers see are the cells.
/// </summary>
internal sealed class PlanEntry
{
    private readonly Dictionary<Form, Variant> _variants = [];
    private readonly Dictionary<PlanCell, Form> _forms = [];
    private readonly Variant _base;

    public PlanEntry(PlanModel definition, BillingModel billing)
    {
        Definition = definition;
        _base = Add(new Form("", "", 0), [], billing);
    }

    /// <summary>What the plan's own definition says.</summary>
    public PlanModel Definition { get; private set; }

    /// <summary>The plan for keys that add nothing of their own.</summary>
    public PlanCell Base => _base.Cell;

    /// <summary>Keys on the plan, in any of its forms.</summary>
    public int Keys { get; private set; }

    /// <summary>Every form in force.</summary>
    public IEnumerable<PlanModel> Models => _variants.Values.Select(v => v.Cell.Current);

    /// <summary>Counts one more key on the form that the key asks for.</summary>
    /// <param name="key">What the key adds to the plan.</param>
    /// <param name="billing">The namespace's calendar.</param>
    /// <param name="isNew">Whether it is the first key on this form.</param>
    public PlanCell Enter(KeyConfig key, BillingModel billing, out bool isNew)
    {
        var form = new Form(key.OverridesIdentity, key.Zone, key.AnchorDay);
        isNew = !_variants.TryGetValue(form, out Variant? variant);
        variant ??= Add(form, key.Overrides, billing);
        variant.Keys++;
        Keys++;
        return variant.Cell;
    }

    /// <summary>Takes back what <see cref="Enter"/> counted. A form that nobody is on any more is forgotten.</summary>
    public void Leave(PlanCell cell)
    {
        Form form = _forms[cell];
        Variant variant = _variants[form];
        Keys--;
        if (--variant.Keys == 0 && variant != _base)
        {
            _variants.Remove(form);
            _forms.Remove(cell);
        }
    }

    /// <summary>Puts another definition, or another calendar of the namespace, in force for every key on the plan.</summary>
    public void Replace(PlanModel definition, BillingModel billing)
    {
        Definition = definition;
        foreach ((Form form, Variant variant) in _variants)
        {
            variant.Cell.Current = Build(form, variant.Overrides, billing);
        }
    }

    private Variant Add(Form form, IReadOnlyList<LimitModel> overrides, BillingModel billing)
    {
        var variant = new Variant(new PlanCell(Build(form, overrides, billing)), overrides);
        _variants.Add(form, variant);
        _forms.Add(variant.Cell, form);
        return variant;
    }

    private PlanModel Build(Form form, IReadOnlyList<LimitModel> overrides, BillingModel billing)
    {
        BillingModel calendar = form is { Zone: "", AnchorDay: 0 }
            ? billing
            : new BillingModel(form.Zone.Length > 0 ? form.Zone : billing.ZoneId, form.AnchorDay > 0 ? form.AnchorDay : billing.AnchorDay);
        return PlanForms.Build(Definition, overrides, calendar);
    }

    private readonly record struct Form(string Overrides, string Zone, int AnchorDay);

    private sealed class Variant(PlanCell cell, IReadOnlyList<LimitModel> overrides)
    {
        public PlanCell Cell { get; } = cell;

        public IReadOnlyList<LimitModel> Overrides { get; } = overrides;

        public int Keys { get; set; }
    }
}
