namespace Quota.Silo.Import;

/// <summary>One place of an imported file that does not mean the same here, or cannot be translated.</summary>
/// <param name="File">The file as the user named it.</param>
/// <param name="Line">Line, from 1; 0 if it is about the whole file.</param>
/// <param name="Field">The field's path in the file, such as <c>descriptors[0].rate_limit.unit</c>; may be empty.</param>
/// <param name="Message">What differs, or what is wrong.</param>
/// <param name="IsError">Whether it keeps something from being translated.</param>
public sealed record ImportRemark(string File, int Line, string Field, string Message, bool IsError)
{
    /// <summary><c>file:line: field: message</c>; an error says so after the place.</summary>
    public override string ToString()
    {
        string place = Line > 0 ? $"{File}:{Line}" : File;
        return $"{place}: {(IsError ? "error: " : "")}{(Field.Length > 0 ? $"{Field}: " : "")}{Message}";
    }
}
