using Quota.Contracts;
using Quota.Contracts.V1;
using Quota.Grains;
using Quota.Silo.Limiting;

namespace Quota.Silo.Protocols.Native;

/// <summary>
/// What every protocol checks while it decodes a check, because the request it hands down cannot hold it otherwise: enum values,
/// and the names of maps. All other bounds are the limiter's.
/// </summary>
internal static class CheckRequestRules
{
    /// <summary>Refuses enum values this version does not know; the same for every protocol that carries them as numbers.</summary>
    public static bool CheckEnums(int dialect, int detail, int onExpiry, ref RequestError error)
    {
        if (dialect is < 0 or > (int)Headers.HeaderDialect.Legacy)
        {
            error = new RequestError("headers", $"there is no dialect {dialect}");
        }
        else if (detail is < 0 or > 1)
        {
            error = new RequestError("detail", $"there is no detail {detail}");
        }
        else if (onExpiry is < 0 or > (int)ExpiryPolicy.Cancel)
        {
            error = new RequestError("on_expiry", $"there is no policy {onExpiry}");
        }
        return error.Field is null;
    }

    /// <summary>The terms of a reservation, from the numbers on the wire.</summary>
    public static ReservationTerms Terms(long ttlMs, int onExpiry) =>
        new(ttlMs, onExpiry == (int)ExpiryPolicy.Unspecified ? null : onExpiry == (int)ExpiryPolicy.Settle);

    /// <summary>Checks one attribute's bounds and that no other has its name.</summary>
    public static bool CheckAttribute(ReadOnlySpan<byte> buffer, ReadOnlySpan<AttributeRange> before, in AttributeRange range, ref RequestError error)
    {
        if (before.Length >= Bounds.AttributesMax)
        {
            error = new RequestError("attributes", $"must be at most {Bounds.AttributesMax}");
        }
        else if (range.NameLength is < 1 or > Bounds.AttributeNameBytesMax)
        {
            error = new RequestError("attributes", $"a name must be 1 to {Bounds.AttributeNameBytesMax} bytes, was {range.NameLength}");
        }
        else if (range.ValueLength > Bounds.AttributeValueBytesMax)
        {
            error = new RequestError("attributes", $"a value must be at most {Bounds.AttributeValueBytesMax} bytes, was {range.ValueLength}");
        }
        else if (new AttributeSet(buffer, before).TryGet(buffer.Slice(range.NameStart, range.NameLength), out _))
        {
            error = new RequestError("attributes", "must not repeat a name");
        }
        return error.Field is null;
    }

    /// <summary>Checks the name of one cost: its length, that it is not the unit of <c>cost</c>, and that no other has it.</summary>
    public static bool CheckCost(ReadOnlySpan<byte> buffer, ReadOnlySpan<NamedCost> before, in NamedCost cost, ref RequestError error)
    {
        ReadOnlySpan<byte> name = buffer.Slice(cost.NameStart, cost.NameLength);
        if (before.Length >= Bounds.UnitsMax)
        {
            error = new RequestError("costs", $"must be at most {Bounds.UnitsMax} units");
        }
        else if (name.Length is < 1 or > Bounds.UnitBytesMax)
        {
            error = new RequestError("costs", $"the name of a unit must be 1 to {Bounds.UnitBytesMax} bytes, was {name.Length}");
        }
        else if (name.SequenceEqual("requests"u8))
        {
            error = new RequestError("costs", "must not name requests: they are the field cost");
        }
        else
        {
            NamedCosts others = new(buffer, before);
            for (int i = 0; i < others.Count; i++)
            {
                if (others.Name(i).SequenceEqual(name))
                {
                    error = new RequestError("costs", "must not repeat a unit");
                }
            }
        }
        return error.Field is null;
    }
}
