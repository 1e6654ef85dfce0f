using System.Globalization;
using System.Text;
using Quota.Contracts;
using Quota.Grains.Usage;
using Quota.Silo.Catalog;
using Quota.Silo.Edge.Grpc;
using Quota.Silo.Store;

namespace Quota.Silo.Protocols.Usage;

/// <summary>The rules that requests for usage share, and how a broken one is told: the field, a colon, and what it must be.</summary>
internal static class UsageErrors
{
    public static GrpcStatus Invalid(string field, string message) => new(GrpcStatusCode.InvalidArgument, $"{field}: {message}");

    public static GrpcStatus NotFound(string field, string message) => new(GrpcStatusCode.NotFound, $"{field}: {message}");

    public static GrpcStatus Unavailable(StoreException e) => new(GrpcStatusCode.Unavailable, e.Message);

    /// <summary>Finds a namespace.</summary>
    /// <returns>OK, or what to answer.</returns>
    public static GrpcStatus Find(CatalogState catalog, string name, out NamespaceModel home)
    {
        home = null!;
        if (Text("namespace", name, 1, Bounds.NameBytesMax) is { IsOk: false } bad)
        {
            return bad;
        }
        if (!catalog.Current.Namespaces.TryGet(Encoding.UTF8.GetBytes(name), out NamespaceModel? found))
        {
            return NotFound("namespace", "there is no such namespace");
        }
        home = found;
        return GrpcStatus.Ok;
    }

    /// <summary>A key, or the empty one of a namespace with a plan of its own.</summary>
    public static GrpcStatus Key(NamespaceModel home, string key) => Text("key", key, home.Root is null ? 1 : 0, Bounds.KeyBytesMax);

    /// <summary>The bytes of a text.</summary>
    public static GrpcStatus Text(string field, string text, int bytesMin, int bytesMax)
    {
        int bytes = Encoding.UTF8.GetByteCount(text);
        return bytes >= bytesMin && bytes <= bytesMax ? GrpcStatus.Ok : Invalid(field, $"must be {bytesMin} to {bytesMax} bytes, was {bytes}");
    }

    /// <summary>A month that has begun.</summary>
    public static GrpcStatus Month(string text, long startMs, long nowMs) =>
        startMs <= nowMs ? GrpcStatus.Ok : Invalid("month", $"{text} has not begun");

    /// <summary>A month's name.</summary>
    public static GrpcStatus Parse(string text, out MonthLabel month) =>
        MonthLabel.TryParse(text, out month) ? GrpcStatus.Ok : Invalid("month", "must be a year and a month, like 2026-10");

    /// <summary>A date.</summary>
    /// <param name="field">Its name.</param>
    /// <param name="text">As 2026-10-05.</param>
    /// <param name="day">Days since 1970-01-01.</param>
    public static GrpcStatus Parse(string field, string text, out int day)
    {
        bool parsed = DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out DateOnly date) && date.Year is > MonthLabel.YearMin and < MonthLabel.YearMax;
        day = parsed ? date.DayNumber - UsageText.Epoch.DayNumber : 0;
        return parsed ? GrpcStatus.Ok : Invalid(field, "must be a date, like 2026-10-05");
    }

    /// <summary>Labels to filter by.</summary>
    public static GrpcStatus Labels(IEnumerable<KeyValuePair<string, string>> labels, int count)
    {
        if (count > Bounds.LabelsMax)
        {
            return Invalid("labels", $"at most {Bounds.LabelsMax}, was {count}");
        }
        foreach ((string name, string value) in labels)
        {
            GrpcStatus status = Text("labels", name, 1, Bounds.LabelNameBytesMax);
            status = status.IsOk ? Text("labels", value, 0, Bounds.LabelValueBytesMax) : status;
            if (!status.IsOk)
            {
                return status;
            }
        }
        return GrpcStatus.Ok;
    }
}
