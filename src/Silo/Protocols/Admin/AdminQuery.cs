using System.Globalization;
using Quota.Contracts.V1;
using Quota.Silo.Catalog.Config;
using Quota.Silo.Definitions;

namespace Quota.Silo.Protocols.Admin;

/// <summary>
/// The parameters behind the question mark. One that a path does not know is an error, because a misspelt condition that
/// silently does not apply is worse.
/// </summary>
internal sealed class AdminQuery(HttpContext http)
{
    private readonly List<string> _known = [];

    /// <summary>The first thing that is wrong, or null.</summary>
    public DefinitionError? Error { get; private set; }

    public string Text(string name)
    {
        _known.Add(name);
        return http.Request.Query[name].LastOrDefault() ?? "";
    }

    public long Number(string name)
    {
        string text = Text(name);
        if (text.Length == 0)
        {
            return 0;
        }
        if (!long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long value))
        {
            Refuse(name, $"{Quoted.Text(text)} is not a whole number");
        }
        return value;
    }

    /// <summary>A page size; one that no page has stays one.</summary>
    public int PageSize() => (int)Math.Min(Number("page_size"), int.MaxValue);

    public bool Flag(string name)
    {
        string text = Text(name);
        if (text is not ("" or "true" or "false"))
        {
            Refuse(name, $"{Quoted.Text(text)} is not true or false");
        }
        return text == "true";
    }

    /// <summary><c>plan</c>, <c>parent</c>, <c>prefix</c>, <c>status</c> and any number of <c>label=name:value</c>.</summary>
    public KeyFilter Filter()
    {
        var filter = new KeyFilter { Plan = Text("plan"), Parent = Text("parent"), NamePrefix = Text("prefix") };
        string status = Text("status");
        filter.Status = status switch { "active" => Status.Active, "disabled" => Status.Disabled, _ => Status.Unspecified };
        if (status.Length > 0 && filter.Status == Status.Unspecified)
        {
            Refuse("status", $"{Quoted.Text(status)} is not one of active, disabled");
        }
        foreach ((string label, string value) in Labels())
        {
            filter.Labels[label] = value;
        }
        return filter;
    }

    /// <summary>Any number of <c>label=name:value</c>.</summary>
    public IEnumerable<KeyValuePair<string, string>> Labels()
    {
        _known.Add("label");
        var labels = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (string? label in http.Request.Query["label"])
        {
            int colon = label!.IndexOf(':', StringComparison.Ordinal);
            if (colon < 1)
            {
                Refuse("label", $"{Quoted.Text(label)} is not name:value");
                continue;
            }
            labels[label[..colon]] = label[(colon + 1)..];
        }
        return labels;
    }

    /// <summary>Reports parameters that nobody asked for; after all others were read.</summary>
    public async ValueTask<bool> IsRightAsync()
    {
        foreach (string name in http.Request.Query.Keys)
        {
            if (!_known.Contains(name))
            {
                Refuse(name, $"unknown parameter{Suggestion.For(name, _known)}");
            }
        }
        if (Error is not null)
        {
            await AdminErrors.WriteAsync(http, Error).ConfigureAwait(false);
        }
        return Error is null;
    }

    private void Refuse(string name, string message) => Error ??= new DefinitionError(DefinitionErrorCode.Invalid, name, message);
}
