using System.Text;

namespace Quota.Chaos.Table;

/// <summary>What all cases have shown.</summary>
internal sealed class TableResult
{
    public List<TableRow> Rows { get; } = [];

    public List<string> Callers { get; } = [];

    public List<string> Shares { get; } = [];

    public List<string> Notes { get; } = [];

    /// <summary>What must not be.</summary>
    public List<string> Faults { get; } = [];

    /// <summary>Three tables.</summary>
    public string Markdown()
    {
        var text = new StringBuilder("\n| situation | executor | limit | admitted ÷ amount, certain | possible | formula |\n|---|---|---|---|---|---|\n");
        Rows.ForEach(r => text.AppendLine(r.Markdown()));
        text.AppendLine().AppendLine(CallerRow.Head);
        Callers.ForEach(c => text.AppendLine(c));
        text.AppendLine().AppendLine("| executor | hot key | first silo, % of the permits | second | third |").AppendLine("|---|---|---|---|---|");
        Shares.ForEach(s => text.AppendLine(s));
        Notes.ForEach(n => text.AppendLine().AppendLine(n));
        return text.ToString();
    }
}
