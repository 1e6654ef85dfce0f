using System.Globalization;
using System.Text;
using Quota.Contracts;
using Quota.Silo.Limiting;

namespace Quota.Silo.Execution.Local.Operations;

/// <summary>The bounds of what operations are given. Each check returns the fault, or null.</summary>
internal static class OperationInput
{
    public static StepFault? CheckNames(string owner, string key)
    {
        int ownerBytes = Encoding.UTF8.GetByteCount(owner);
        int keyBytes = Encoding.UTF8.GetByteCount(key);
        return ownerBytes is < 1 or > Bounds.NameBytesMax ? Bad("namespace", $"must be 1 to {Bounds.NameBytesMax} bytes, was {ownerBytes}")
            : keyBytes is < 1 or > Bounds.KeyBytesMax ? Bad("key", $"must be 1 to {Bounds.KeyBytesMax} bytes, was {keyBytes}")
            : null;
    }

    public static StepFault? CheckReservationId(string text, out UInt128 id)
    {
        id = default;
        return text.Length == 32 && UInt128.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out id)
            ? null
            : Bad("reservation_id", "must be 32 hexadecimal digits");
    }

    public static StepFault? CheckCosts(string field, IReadOnlyDictionary<string, long> costs)
    {
        if (costs.Count > Bounds.UnitsMax)
        {
            return Bad(field, $"must be at most {Bounds.UnitsMax} units, was {costs.Count}");
        }
        foreach ((string unit, long units) in costs)
        {
            if (Encoding.UTF8.GetByteCount(unit) is < 1 or > Bounds.NameBytesMax)
            {
                return Bad(field, $"a unit must be 1 to {Bounds.NameBytesMax} bytes");
            }
            if (units is < 0 or > Bounds.CostMax)
            {
                return Bad(field, $"must be 0 to {Bounds.CostMax}, was {units}");
            }
        }
        return null;
    }

    public static StepFault? CheckTtl(long ttlMs) =>
        ttlMs != 0 && ttlMs is < Bounds.ReservationTtlMsMin or > Bounds.ReservationTtlMsMax
            ? Bad("ttl_ms", $"must be {Bounds.ReservationTtlMsMin} to {Bounds.ReservationTtlMsMax}, or 0 for {Bounds.ReservationTtlMsDefault}, was {ttlMs}")
            : null;

    public static StepFault? CheckRefund(RefundInput input, long nowMs)
    {
        if (CheckCosts("costs", input.Costs) is { } fault)
        {
            return fault;
        }
        int requestId = Encoding.UTF8.GetByteCount(input.RequestId);
        int reason = Encoding.UTF8.GetByteCount(input.Reason);
        int plan = Encoding.UTF8.GetByteCount(input.Plan);
        return requestId > Bounds.RequestIdBytesMax ? Bad("request_id", $"must be at most {Bounds.RequestIdBytesMax} bytes, was {requestId}")
            : reason > Bounds.ReasonBytesMax ? Bad("reason", $"must be at most {Bounds.ReasonBytesMax} bytes, was {reason}")
            : plan > Bounds.NameBytesMax ? Bad("plan", $"must be at most {Bounds.NameBytesMax} bytes, was {plan}")
            : input.DecidedAtMs < 0 || input.DecidedAtMs > nowMs ? Bad("decided_at_unix_ms", "must be the instant of an earlier decision, or 0 for now")
            : CheckAttributes(input.Attributes);
    }

    private static StepFault? CheckAttributes(IReadOnlyDictionary<string, string> attributes)
    {
        if (attributes.Count > Bounds.AttributesMax)
        {
            return Bad("attributes", $"must be at most {Bounds.AttributesMax}, was {attributes.Count}");
        }
        foreach ((string name, string value) in attributes)
        {
            if (Encoding.UTF8.GetByteCount(name) is < 1 or > Bounds.AttributeNameBytesMax)
            {
                return Bad("attributes", $"a name must be 1 to {Bounds.AttributeNameBytesMax} bytes");
            }
            if (Encoding.UTF8.GetByteCount(value) > Bounds.AttributeValueBytesMax)
            {
                return Bad("attributes", $"a value must be at most {Bounds.AttributeValueBytesMax} bytes");
            }
        }
        return null;
    }

    public static StepFault Bad(string field, string message) => new(DecisionStatus.InvalidArgument, field, message);
}
