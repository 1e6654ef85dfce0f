namespace Quota.Silo.Catalog.Config;

/// <summary>One thing that is wrong with a configuration, and where.</summary>
/// <param name="File">The file as the user named it.</param>
/// <param name="Line">Line, from 1; 0 if the error is about the whole file.</param>
/// <param name="Column">Column in characters, from 1; 0 if the error is about the whole file.</param>
/// <param name="Field">The field's path, such as <c>namespaces.demo.plans.free.limits[0].rate.period</c>; empty if it is about the text.</param>
/// <param name="Message">What is wrong and what would be right.</param>
public sealed record ConfigError(string File, int Line, int Column, string Field, string Message)
{
    /// <summary><c>file:line:column: field: message</c>, as editors and CI systems parse it.</summary>
    public override string ToString()
    {
        string place = Line > 0 ? $"{File}:{Line}:{Column}" : File;
        return Field.Length > 0 ? $"{place}: {Field}: {Message}" : $"{place}: {Message}";
    }
}
